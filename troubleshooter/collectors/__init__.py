"""Providers that read the world: one service or format a file. They read and never judge."""
