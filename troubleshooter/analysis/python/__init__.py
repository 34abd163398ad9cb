"""Python code: how its modules are found, what importing them runs, and what is installed."""
