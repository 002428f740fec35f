"""S3 on the wire: one bucket's address, who we are towards it, its requests and their answers."""
