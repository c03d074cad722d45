"""Benchmarks: instruction counts, AWS calls and ratios; no durations are measured."""
