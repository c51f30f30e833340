"""Batches that a function yields: the source, what is checked of each, and the plan of a run."""
