"""Components that look things up and write them."""
