"""Speed and size beside other engines: `python -m benchmarks`, or `make bench`.

Machines drift by tens of percent within a minute, so programs that do the same work are timed in
turns within one process, and what is reported is the ratio. Nothing here asserts a time.
"""
