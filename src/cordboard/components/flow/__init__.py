"""Components that steer."""
