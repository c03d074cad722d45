"""The two tables. Only ``keys`` builds keys; only ``table`` reads, writes and converts items."""
