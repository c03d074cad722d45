"""What callers get: one model for each answer, made from what the use cases give back.

The name of the user who did something appears in none of them (A3).
"""
