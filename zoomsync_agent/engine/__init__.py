"""What is done, when and why. Knows the core and the ports, no library and no adapter."""
