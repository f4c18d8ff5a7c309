"""Groups of operators and the callers who wait for them.

`model` is what an administrator sets up, `engine` the rules (pure: moments are handed in), `strategies` the order in
which operators are asked, `service` what makes calls of the engine's decisions.
"""
