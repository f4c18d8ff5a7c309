"""Scenarios as YAML text: read with places, written by a writer of our own, edited in place."""

from cordboard.scenario.text.edit import EditError, edit
from cordboard.scenario.text.nodes import Mark
from cordboard.scenario.text.reader import Reading, read
from cordboard.scenario.text.writer import write

__all__ = ["EditError", "Mark", "Reading", "edit", "read", "write"]
