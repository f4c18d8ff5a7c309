"""Users, phones, lines, numbering, routing, the call log: the rules of an office exchange."""
