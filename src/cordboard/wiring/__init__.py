"""What `app.py` puts the rooms together with, a file for each side of the exchange."""
