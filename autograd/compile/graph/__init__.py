"""The graph of plain scalars, and the passes from graph to graph."""
