"""Providers that think: they make facts out of facts and never read the world."""
