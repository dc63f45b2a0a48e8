"""Where models run, and how they are reached."""
