"""Speed, memory and scale of the real agent: `python -m tests.benchmarks`."""
