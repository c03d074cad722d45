"""The two tables. ``keys`` alone builds keys; ``codec`` alone turns models into items and back."""
