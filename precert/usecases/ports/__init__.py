"""What the use cases need of the world, each port beside its errors."""
