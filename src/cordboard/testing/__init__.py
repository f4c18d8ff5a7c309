"""Fixtures and tools of the tests; only tests import it."""
