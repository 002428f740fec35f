"""Zoom on the wire: signing in, listing what its cloud holds, bringing it here."""
