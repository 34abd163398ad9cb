"""Failure modes of the spawn rung. The process does not start."""
