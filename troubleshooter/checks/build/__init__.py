"""Failure modes of the build rung. The image or package is not built."""
