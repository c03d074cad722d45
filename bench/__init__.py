"""Benchmarks: counts and ratios, printed, never asserted against the clock."""
