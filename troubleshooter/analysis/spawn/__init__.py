"""The launch: which argv is in effect, and what the kernel makes of it."""
