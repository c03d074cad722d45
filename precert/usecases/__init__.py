"""Use cases: one module per capability. Their ports are in ``ports``."""
