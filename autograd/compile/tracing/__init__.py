"""A function run once on placeholders, into a graph."""
