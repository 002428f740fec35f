"""Packages for people who have no Python: `python installer/build.py`."""
