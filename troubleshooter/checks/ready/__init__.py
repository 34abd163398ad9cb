"""Failure modes of the ready rung. The function does not become ready."""
