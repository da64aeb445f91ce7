"""What the engine leaves behind, as plain data: runs, measurements, and the store that keeps them. No torch."""
