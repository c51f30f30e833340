"""What is asked of any LaTeX."""

import re


def balanced(text):
    """Whether braces, \\left and \\right, and environments pair up."""
    depth = 0
    for token in re.findall(r"\\.|[{}]", text):
        depth += {"{": 1, "}": -1}.get(token, 0)
        if depth < 0:
            return False
    lefts, rights = (len(re.findall(rf"\\{word}(?![a-z])", text)) for word in ("left", "right"))
    opened, closed = (sorted(re.findall(rf"\\{w}{{(\w+)}}", text)) for w in ("begin", "end"))
    return depth == 0 and lefts == rights and opened == closed
