"""What scenarios ask to be sent (e-mail, webhooks): kept, tried again, handed over once. Gateways hand it over."""
