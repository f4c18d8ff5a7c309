"""Durable delivery of SMS and e-mail. Comes with a later issue."""
