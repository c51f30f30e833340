"""Predictions: how a model is remembered, and compiled for them."""
