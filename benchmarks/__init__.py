"""What the figures in docs/performance.md are made with; see README.md."""
