"""Components that send messages."""
