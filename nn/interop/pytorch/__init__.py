"""To PyTorch and from it: `writing`; and `reading`, by `paths` through modules and `layers`."""
