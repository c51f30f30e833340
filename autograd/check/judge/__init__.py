"""Verdicts on gradients, from the estimates of the oracles."""
