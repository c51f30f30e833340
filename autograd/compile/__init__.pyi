from autograd.compile.entry import compile as compile
from autograd.compile.program import Program as Program
from autograd.compile.report import CompileReport as CompileReport
