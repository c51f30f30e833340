"""Predictions: what a model is remembered by, and how it is compiled for them."""
