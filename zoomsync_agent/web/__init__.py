"""The site on 127.0.0.1: what the agent does, for its user and for nobody else."""
