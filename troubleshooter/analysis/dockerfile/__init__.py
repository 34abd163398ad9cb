"""Dockerfiles: their stages, and the image that they make."""
