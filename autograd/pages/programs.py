"""Compiled programs as scripts: what a page runs to train and to show outputs.

A page computes what `compile` recorded, one sample at a time, from one vector of parameters and one
of the sample's numbers: those of all arguments, one after the other.
"""

from autograd.compile.backends.javascript import Script, gradient_script, value_script
from autograd.compile.program import Program, graph_of
from autograd.pages.rows import is_spelt


def gradient_of(program: Program, name: str, count: int | None = None) -> Script:
    """Return a function that adds a sample's gradient to a vector and returns the sample's value.

    Args:
        program: of one value, with its shapes known.
        name: of the function, whose arguments are parameters, sample and vector.
        count: how many of the parameters to derive by, the first ones; all if left out.

    >>> from autograd import Value, compile
    >>> weight = Value(2.0)
    >>> program = compile(lambda x: (weight * x).square(), parameters=[weight], shapes=[()])
    >>> print(gradient_of(program, "slope").text)
    function slope(w, x, g) {
      const v2 = w[0] * x[0];
      const v5 = 2 * v2;
      g[0] += v5 * x[0];
      return square(v2);
    }
    """
    parameters = len(program.parameters) if count is None else count
    return gradient_script(graph_of(program), parameters, is_spelt, name)


def outputs_of(program: Program, name: str) -> Script:
    """Return a function of the parameters and a sample that gives the list of the outputs.

    >>> from autograd import compile
    >>> print(outputs_of(compile(lambda x: [x + 1.0, x * x], shapes=[()]), "both").text)
    function both(w, x) {
      const w0 = x[0];
      return [w0 + 1, w0 * w0];
    }
    """
    return value_script(graph_of(program), is_spelt, name)
