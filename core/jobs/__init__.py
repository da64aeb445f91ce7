"""What takes long: the queue, and the process that computes."""
