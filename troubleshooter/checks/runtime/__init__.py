"""Failure modes of the runtime rung. The process starts, and the runtime client never speaks."""
