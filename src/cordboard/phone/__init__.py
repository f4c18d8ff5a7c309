"""The scripted phone: a real user agent over real SIP and RTP."""
