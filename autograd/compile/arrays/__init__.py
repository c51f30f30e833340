"""Statements over arrays, and how a graph becomes them and their gradient."""
