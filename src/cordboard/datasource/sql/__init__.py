"""Databases of the company and the own call log: one question of a scenario, its variables bound, never pasted."""
