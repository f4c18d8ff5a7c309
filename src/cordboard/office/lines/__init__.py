"""External lines: what each may carry, which one a number takes, and what it costs before it is stopped."""
