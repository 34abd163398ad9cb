"""Permissions: who was denied what, and what the policies say."""
