"""Knowledge that changes, as JSON with source and date."""
