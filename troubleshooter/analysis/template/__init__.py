"""Deployment templates of every tool, brought into one shape."""
