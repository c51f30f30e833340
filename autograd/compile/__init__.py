"""From the graph of plain scalars to a short program over whole mini-batches.

`autograd.compile` is the function; this package is where it lives. See README.md beside this file
for how the stages follow one another.
"""

from autograd.compile.program import Program, compile
from autograd.compile.report import CompileReport

__all__ = ["CompileReport", "Program", "compile"]
