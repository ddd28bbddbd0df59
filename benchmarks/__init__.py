"""Benchmarks: ratios within one run, never a pass or fail."""
