"""A throw-away home in which a Zoom meeting is played and comes home."""
