"""Counts of the house itself: how large its files and folders are, and who imports whom.

`python -m benchmarks.house` prints them for this checkout, `python -m benchmarks.house OTHER` for
another beside it. The code is read as text and never run, so any version can be counted. What
should stay so is held by tests/project/test_house.py, which asks the functions here.
"""

import argparse
import ast
import io
import re
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("autograd", "nn")
TABLE = "primitives"  # the module of the rows, which may be as long as there are rows
_RUN = 6  # how many lines in a row make a repetition


@dataclass(frozen=True)
class Function:
    """A function or method, and its lines of code: no docstring, comment or blank line."""

    module: str
    name: str
    lines: int


@dataclass
class Module:
    """One file, read and parsed.

    Attributes:
        path: from the root.
        name: as it is imported.
        text: the source.
    """

    path: Path
    name: str
    text: str
    tree: ast.Module = field(repr=False)

    @cached_property
    def code_lines(self) -> dict[int, str]:
        """The lines that are code, by number; docstrings and comments are not."""
        kept: dict[int, list[str]] = {}
        before = tokenize.NEWLINE
        blank = (tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.COMMENT)
        tokens = [
            token
            for token in tokenize.generate_tokens(io.StringIO(self.text).readline)
            if token.type not in (tokenize.NL, tokenize.COMMENT, tokenize.ENDMARKER)
        ]
        for i, token in enumerate(tokens):
            alone = (
                token.type == tokenize.STRING
                and before in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
                and tokens[i + 1].type == tokenize.NEWLINE
            )
            if token.type not in blank and not alone:
                for line in range(token.start[0], token.end[0] + 1):
                    kept.setdefault(line, []).append(token.string)
            before = token.type
        return {line: " ".join(words) for line, words in kept.items()}

    def functions(self) -> Iterator[Function]:
        """Yield its functions and methods."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                last = node.end_lineno or node.lineno
                lines = sum(node.lineno <= line <= last for line in self.code_lines)
                yield Function(self.name, node.name, lines)

    def imports(self, modules: "dict[str, Module]") -> dict[str, bool]:
        """Return the modules of the house that it imports; True for those at run time, on top."""
        on_top = {id(node) for node in self._on_top(self.tree.body)}
        found: dict[str, bool] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                inner = [f"{node.module}.{alias.name}" for alias in node.names]
                names = [name if name in modules else node.module for name in inner]
            else:
                continue
            for name in names:
                if name in modules and name != self.name:
                    found[name] = found.get(name, False) or id(node) in on_top
        return found

    def _on_top(self, body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
        """Yield the statements that run on import, also those inside try and if."""
        for node in body:
            yield node
            if isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.unparse(node.test):
                yield from self._on_top([*node.body, *node.orelse])
            elif isinstance(node, ast.Try):
                yield from self._on_top([*node.body, *node.orelse, *node.finalbody])


def read(root: Path, packages: Sequence[str] = PACKAGES) -> dict[str, Module]:
    """Return the modules of the packages by their names.

    Args:
        root: the folder that the packages are in.
        packages: their names.
    """
    modules = {}
    for package in packages:
        for path in sorted((root / package).rglob("*.py")):
            inside = path.relative_to(root)
            parts = inside.with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            text = path.read_text(encoding="utf-8")
            modules[name] = Module(inside, name, text, ast.parse(text))
    return modules


def folders(modules: dict[str, Module]) -> Counter[str]:
    """Return how many Python files stand in each folder."""
    return Counter(str(module.path.parent) for module in modules.values())


def classes(module: Module) -> list[str]:
    """Return the names of its classes, also of those inside others."""
    return [node.name for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef)]


def long_files(modules: dict[str, Module], most: int = 400) -> dict[str, int]:
    """Return the files of more than `most` lines."""
    lengths = {str(m.path): m.text.count("\n") for m in modules.values()}
    return {path: length for path, length in lengths.items() if length > most}


def long_functions(modules: dict[str, Module], most: int = 60) -> list[Function]:
    """Return the functions of more than `most` lines of code."""
    return [f for module in modules.values() for f in module.functions() if f.lines > most]


def circles(modules: dict[str, Module], *, on_import: bool = False) -> list[list[str]]:
    """Return the groups of modules that import one another, directly or round a corner.

    Args:
        modules: those of the house.
        on_import: count what runs on import alone, and not what is imported for types or later.
    """
    arrows = {
        name: [to for to, on_top in module.imports(modules).items() if on_top or not on_import]
        for name, module in modules.items()
    }
    reached = {name: _reached(name, arrows) for name in arrows}
    groups = {
        tuple(sorted({name, *(to for to in reached[name] if name in reached[to])}))
        for name in arrows
        if name in reached[name]
    }
    return [list(group) for group in sorted(groups)]


def _reached(start: str, arrows: dict[str, list[str]]) -> set[str]:
    """Return what can be reached from `start` by one arrow or more."""
    found: set[str] = set()
    ahead = list(arrows[start])
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += arrows[name]
    return found


def row_names(modules: dict[str, Module]) -> list[str]:
    """Return the places outside the table where code asks a row for its name."""
    asks = re.compile(
        r"""\b(?:row|op|primitive)\.name\s*(?:==|!=|\bin\b|\bnot\s+in\b)|==\s*(?:row|op)\.name"""
    )
    return [
        f"{module.path}:{line}"
        for module in modules.values()
        if not module.name.endswith(TABLE)
        for line, code in module.code_lines.items()
        if asks.search(code.replace(" . ", "."))
    ]


def operator_tables(modules: dict[str, Module]) -> list[str]:
    """Return the dictionaries that list the arithmetic operators once more."""
    found = []
    for module in modules.values():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Dict) and not module.name.endswith(TABLE):
                words = {x.value for x in [*node.keys, *node.values] if isinstance(x, ast.Constant)}
                words |= {getattr(x, "attr", None) for x in [*node.keys, *node.values]}
                if {"add", "mul"} <= words or {"+", "*"} <= words:
                    found.append(f"{module.path}:{node.lineno}")
    return found


def loose_types(modules: dict[str, Module]) -> tuple[int, int]:
    """Return how often `Any` stands in an annotation or a type, and how often `cast` is called."""
    names = Counter(
        node.id if isinstance(node, ast.Name) else ""
        for module in modules.values()
        for node in ast.walk(module.tree)
    )
    return names["Any"], names["cast"]


def repeated(modules: dict[str, Module]) -> int:
    """Return how many runs of six lines of code stand word for word in two places or more."""
    seen: Counter[tuple[str, ...]] = Counter()
    for module in modules.values():
        lines = [
            code
            for _, code in sorted(module.code_lines.items())
            if len(code) > 1 and not code.startswith(("from ", "import "))
        ]
        seen.update(tuple(lines[i : i + _RUN]) for i in range(len(lines) - _RUN + 1))
    return sum(count > 1 for count in seen.values())


def counts(root: Path) -> dict[str, object]:
    """Return every count for the house at `root`, in the order of the page."""
    modules = read(root)
    size = folders(modules)
    loose, casts = loose_types(modules)
    return {
        "files": len(modules),
        "files of the fullest folders": ", ".join(f"{n} {f}" for f, n in size.most_common(5)),
        "lines": sum(module.text.count("\n") for module in modules.values()),
        "lines of code": sum(len(module.code_lines) for module in modules.values()),
        "files over 400 lines": len(long_files(modules)),
        "functions over 60 lines of code": len(long_functions(modules)),
        "circles on import": len(circles(modules, on_import=True)),
        "circles with types and late imports": len(circles(modules)),
        "modules in them": sum(map(len, circles(modules))),
        "class names that stand twice": sum(
            n > 1 for n in Counter(name for m in modules.values() for name in classes(m)).values()
        ),
        "tests for a row's name outside the table": len(row_names(modules)),
        "tables of operators outside the table": len(operator_tables(modules)),
        "Any": loose,
        "casts": casts,
        "repeated runs of six lines": repeated(modules),
    }


def main(words: Sequence[str]) -> None:
    """Print the counts of one checkout or several, a column each."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.house", description=__doc__)
    parser.add_argument("roots", nargs="*", type=Path, default=[ROOT], help="checkouts to count")
    parser.add_argument("--where", action="store_true", help="name the places, too")
    told = parser.parse_args(words)
    columns = [counts(root) for root in told.roots]
    width = max(map(len, columns[0]))
    for name in columns[0]:
        print(name.ljust(width), *(str(column[name]) for column in columns), sep="  ")
    if told.where:
        for root in told.roots:
            modules = read(root)
            print(root, *sorted(long_files(modules).items()), *long_functions(modules), sep="\n  ")
            print(*circles(modules), *row_names(modules), *operator_tables(modules), sep="\n  ")


if __name__ == "__main__":
    main(sys.argv[1:])
