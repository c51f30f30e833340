"""Derivatives by other ways, each with its source."""
