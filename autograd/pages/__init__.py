"""Pages that stand alone: a graph to click through."""
