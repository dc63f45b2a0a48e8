"""Rules about Google Cloud."""
