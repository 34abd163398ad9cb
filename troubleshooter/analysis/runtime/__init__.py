"""The language runtime that a launch ends in."""
