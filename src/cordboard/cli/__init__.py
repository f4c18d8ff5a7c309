"""The command `cordboard`."""
