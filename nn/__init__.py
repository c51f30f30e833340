"""Neural networks on top of the scalar engine."""
