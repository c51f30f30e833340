"""The chain rule in words and symbols."""
