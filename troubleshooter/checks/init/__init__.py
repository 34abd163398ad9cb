"""Failure modes of the init rung. The init does not end in time."""
