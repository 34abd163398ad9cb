"""Failure modes of the deploy rung. AWS refuses to create or update the function."""
