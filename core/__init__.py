"""The engine of the course: configurations in, trained runs, surfaces and figures out."""
