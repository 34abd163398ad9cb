"""Failure modes of the invoke rung. The handler runs and does not return."""
