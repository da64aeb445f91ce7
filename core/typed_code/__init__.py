"""Code that a student types: read, checked and interpreted over tables of operations, never executed."""
