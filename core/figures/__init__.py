"""Numbers in, one figure out. A figure's docstring says what a reader should see in it."""
