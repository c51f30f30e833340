"""Pictures as DOT, SVG and text."""
