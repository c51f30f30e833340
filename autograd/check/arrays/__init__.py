"""Gradients of functions of arrays, judged by values; each library has a way in."""
