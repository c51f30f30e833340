"""Pages that stand alone: a model that trains in the browser."""
