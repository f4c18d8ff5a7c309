"""Lists of numbers to call: pacing, retries, quiet hours, write-back. Comes with a later issue."""
