"""Closed forms and small mathematics in numpy, which a page can compute while a slider moves."""
