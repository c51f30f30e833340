"""Pictures as boxes and arrows, before they are drawn."""
