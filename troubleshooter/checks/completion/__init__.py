"""Failure modes of the completion rung. The work is not finished."""
