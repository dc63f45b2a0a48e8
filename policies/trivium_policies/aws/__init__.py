"""Rules about Amazon Web Services."""
