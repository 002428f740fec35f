"""Signing in by the browser, and sessions that are kept: whatever service they are for."""
