"""Rules about Microsoft Azure."""
