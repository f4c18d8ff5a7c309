"""Excel, SQL and HTTP behind small Protocols. Comes with a later issue."""
