"""Failure modes of the response rung. The caller does not get the answer."""
