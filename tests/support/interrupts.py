"""Runs that are interrupted at a chosen line of the code under test, as Ctrl-C may."""

import sys
from collections.abc import Callable, Sequence
from typing import Any


def interrupted(
    run: Callable[[], object],
    stop: int,
    ours: Callable[[Any], bool],
    events: Sequence[str] = ("line",),
) -> int:
    """Raise KeyboardInterrupt at the `stop`-th event of a run; return how many events came.

    Args:
        run: what is run; an interrupt that leaves it ends here.
        stop: counted from 1; 0 for no interrupt.
        ours: whether a frame is one to count events of.
        events: those that count, as `sys.settrace` names them.
    """
    count = 0

    def trace(frame: Any, event: str, argument: object) -> Any:
        nonlocal count
        if not ours(frame):
            return None
        if event in events:
            count += 1
            if count == stop:
                raise KeyboardInterrupt
        return trace

    earlier = sys.gettrace()
    sys.settrace(trace)
    try:
        run()
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(earlier)
    return count
