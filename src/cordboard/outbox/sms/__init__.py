"""Short messages: cut into parts, sent over the cheapest line that is up, taken in."""
