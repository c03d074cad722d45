"""What people and the workflow do: one file for each, named verb_noun. Ports stand in ``ports``."""
