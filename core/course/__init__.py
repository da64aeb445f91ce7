"""What the course is made of: what each lesson compares, its questions, faults and typed code, claims, progress."""
