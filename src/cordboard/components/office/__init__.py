"""Components that know the office."""
