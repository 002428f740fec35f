"""What the agent knows and decides: no I/O, no threads, no clock, no third-party import."""
