"""Statements and graphs as programs that run."""
