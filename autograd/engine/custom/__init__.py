"""Nodes whose local derivatives are given as numbers, with no rule behind them."""
