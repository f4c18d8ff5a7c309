"""The simulated exchange, virtual time, and what is built on them."""
