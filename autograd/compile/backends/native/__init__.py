"""Programs as C, where NumPy's calls are the cost: the same graph, compiled by the system's cc."""
