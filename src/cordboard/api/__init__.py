"""HTTP and WebSocket towards use cases; no rule of the office."""
