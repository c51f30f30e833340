"""Data as people have it: labels of any kind, columns by name, and what a model keeps of them."""
