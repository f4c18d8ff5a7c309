"""Cordboard: an office telephone exchange whose behaviour is drawn as call scenarios."""

__version__ = "0.1.0"
