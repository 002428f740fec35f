"""A desktop for the tray: a desk that can be asked what it did, a bus, a panel, a screen."""
