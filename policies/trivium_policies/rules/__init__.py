"""The rules: a folder a subject, a file a rule."""
