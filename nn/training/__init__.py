"""The training loop, its data, engines and record."""
