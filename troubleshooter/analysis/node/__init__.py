"""Node.js code: how its modules are found, what loading them runs, and what is installed."""
