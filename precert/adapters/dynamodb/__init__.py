"""The two tables. ``keys`` alone builds keys; ``table`` alone reads, writes and converts items."""
