"""The campaign: a search for what is still wrong, kept so that it can be run again.

Three parts, `python -m benchmarks.campaign numbers`, `fuzz` and `verdicts`. Each takes a seed and
a count or a time, and prints its findings as programs one can paste.
"""
