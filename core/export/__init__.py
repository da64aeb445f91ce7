"""A run to take home: the same training as a script or a notebook in plain PyTorch."""
