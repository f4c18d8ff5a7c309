"""Web services of the company and of the world, asked by scenarios."""
