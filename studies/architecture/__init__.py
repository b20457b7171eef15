"""What the shape of a network can represent and learn."""
