"""The expression of micrograd's README, 33 nodes, for any engine's numbers.

Alone in a file that imports nothing, so that the interpreter of another environment can load it.
Source: Karpathy, "micrograd", https://github.com/karpathy/micrograd, README.
"""

AT = (-4.0, 2.0)


def expression(a, b, relu):
    c = a + b
    d = a * b + b**3
    c = c + c + 1
    c = c + 1 + c + (-a)
    d = d + d * 2 + relu(b + a)
    d = d + 3 * d + relu(b - a)
    e = c - d
    f = e**2
    return f / 2.0 + 10.0 / f
