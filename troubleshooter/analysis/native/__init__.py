"""Native code: which files are reached, and what they are linked against."""
