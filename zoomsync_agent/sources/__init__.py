"""Where recordings appear."""
