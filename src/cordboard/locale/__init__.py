"""Russian and Ukrainian words by `kind.property`. Comes with a later issue."""
