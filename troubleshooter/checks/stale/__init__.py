"""Failure modes of the stale rung. What runs is not what was deployed."""
