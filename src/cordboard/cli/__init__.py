"""The command `cordboard`."""

from cordboard.cli.main import main

__all__ = ["main"]
