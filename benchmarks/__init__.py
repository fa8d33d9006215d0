"""What one piece of work costs: counted rather than timed. `make bench` writes docs/benchmarks.md."""
