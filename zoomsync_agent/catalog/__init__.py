"""The metadata rows that a dashboard reads."""
