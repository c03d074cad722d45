"""What people and the workflow do: one module per capability. Ports stand in ``ports``."""
