"""Components that place, join and end calls."""
