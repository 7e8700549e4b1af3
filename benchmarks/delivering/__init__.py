"""The contestants of benchmarks/deliveries.py, each a process of its own, and the sink they post to."""
