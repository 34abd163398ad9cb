"""JavaScript as text: syntax trees, what a file exports and imports, what runs while it loads."""
