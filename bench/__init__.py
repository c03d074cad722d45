"""Benchmarks: instruction counts, AWS calls and ratios; nothing is measured by the clock."""
