"""What was changed, and whether it matters."""
