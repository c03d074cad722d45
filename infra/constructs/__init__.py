"""Constructs of the stack, one per capability."""
