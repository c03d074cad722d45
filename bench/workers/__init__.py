"""One process each, started by a benchmark under an instruction counter: ``MODULE CALLS``."""
