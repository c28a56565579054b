"""Measurements in real processes on loopback: `python -m tests.benchmarks`. Not collected by pytest."""
