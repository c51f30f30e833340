"""Verdicts on gradients, from what the oracles say."""
