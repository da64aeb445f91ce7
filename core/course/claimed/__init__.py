"""The claims about results that the notebook, common belief and the lessons make: a module for each of them."""
