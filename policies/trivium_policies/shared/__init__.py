"""Rules that read resources of more than one cloud."""
