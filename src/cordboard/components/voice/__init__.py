"""Components that speak and listen on one leg."""
