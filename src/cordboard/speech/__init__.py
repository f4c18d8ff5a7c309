"""Text to sound: synthesis behind a Protocol, and the audio cache."""
