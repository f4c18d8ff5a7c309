"""SQL behind the repository Protocols that other rooms declare."""
