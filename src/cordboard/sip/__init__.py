"""RFC 3261 signalling: transactions, dialogs, registrar, digest, transports."""
