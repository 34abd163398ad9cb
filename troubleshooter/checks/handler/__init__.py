"""Failure modes of the handler rung. The handler is not found or cannot be imported."""
