"""Stores of the audit log: how long they hold, and from whom."""
