"""Logs: lines, invocations, and the timeline that they make."""
