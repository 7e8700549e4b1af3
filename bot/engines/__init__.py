"""What wakes due work. The ledger is the truth; an engine only calls. local.py: APScheduler, one process."""
