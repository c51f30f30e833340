"""What speaks against a verdict: rules that are not linear, plateaus, fine structure."""
