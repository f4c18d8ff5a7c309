"""Joins `sip` and `media` into `telephony`; the only room that knows both."""
