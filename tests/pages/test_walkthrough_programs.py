"""Random programs as live pages: their leaves are changed, and all numbers are Python's."""

import math
import random
from typing import Any

import pytest

from autograd import Value, walkthrough
from autograd.check.strategies import RandomProgram
from autograd.check.testing.programs import random_program
from autograd.display.chain.passes import Walk
from autograd.display.chain.terms import figure
from autograd.display.format import number_text
from support.chains import compare
from support.chosen_profile import PROFILE
from support.javascript import read
from support.walking import Opened

pytestmark = pytest.mark.browser

# Of the last three a leaf is nan or infinite, and what flows is too.
SEEDS = list(range(500)) if PROFILE == "long" else [*range(9), 35, 37, 139]
# Pages that stand in one document, as in a notebook.
TOGETHER = 12
CHANGES = 5
# What a leaf may be saved with, and what may be typed in its field as well.
ENDS = [math.inf, -math.inf, math.nan]
SPECIAL = [0.0, -0.0, 1.0, -1.0, 1e308, -1.7e308, 5e-324, -1e-310, 1e-200, 710.0, 1e16, 0.5]

# The numbers that a page holds are those that its program has returned last.
HELD = "found=compute(", "found=root.held=compute("

# Types numbers into the fields of each page in turn, and tells what it holds and shows then. A
# number that is not given leaves its field.
TYPED = """(all) => {
  const written = (x) => (Object.is(x, -0) ? "-0" : String(x));
  const texts = (root, which) => [...root.querySelectorAll(which)].map((e) => e.textContent);
  const roots = [...document.querySelectorAll(".chalk-walk")];
  return roots.map((root, n) => {
    const live = root.querySelector(".cw-live");
    live.dispatchEvent(new KeyboardEvent("keydown", { key: "End" }));
    const fields = [...root.querySelectorAll(".cw-leaf .cw-field")];
    return all[n].map((numbers) => {
      numbers.forEach((text, k) => {
        if (text === null) return;
        fields[k].value = text;
        fields[k].dispatchEvent(new Event("input"));
        fields[k].dispatchEvent(new Event("blur"));
      });
      live.dispatchEvent(new KeyboardEvent("keydown", { key: "End" }));
      const held = Object.fromEntries(
        Object.entries(root.held).map(([name, list]) => [name, list.map(written)]));
      return {
        held,
        leaves: fields.map((field) => field.title),
        values: texts(root, ".cw-values td:nth-child(3)"),
        gradients: texts(root, ".cw-values td:nth-child(4)"),
        slopes: texts(root, ".cw-slope output"),
        arrows: texts(root, ".cw-graph .edge text").join(" ").split(/(?<= = \\S+) /),
      };
    });
  });
}"""


class Case:
    """A program, the numbers that its page is saved with, and those that its leaves are given."""

    def __init__(self, seed: int) -> None:
        generator = random.Random(seed)
        self.seed = seed
        self.program: RandomProgram = random_program(seed)
        at = list(self.program.point)
        if seed % 3 == 0:
            at[generator.randrange(len(at))] = generator.choice([*ENDS, *SPECIAL])
        inputs = [Value(x) for x in at]
        self.z = self.program.run(inputs)[-1]
        self.used = [inputs.index(v) for v in Walk(self.z).nodes if v.op is None]
        self.typed: list[list[str | None]] = []
        self.points: list[list[float]] = []
        for _ in range(CHANGES):
            new = {i: self._number(generator, self.program.point[i]) for i in self.used}
            kept = generator.randrange(2 * len(self.used))
            if kept < len(self.used):
                del new[self.used[kept]]
            at = [new.get(i, x) for i, x in enumerate(at)]
            self.typed.append([repr(new[i]) if i in new else None for i in self.used])
            self.points.append(at)

    @staticmethod
    def _number(generator: random.Random, x: float) -> float:
        kind = generator.random()
        if kind < 0.15:
            return generator.choice(SPECIAL)
        return x * generator.uniform(0.9, 1.1) if kind < 0.6 else x + generator.gauss(0.0, 1.0)

    def faults(self, found: list[dict[str, Any]]) -> list[str]:
        """What is wrong in what the page held and showed after each change."""
        wrong: list[str] = []
        for point, told in zip(self.points, found, strict=True):
            walk = Walk(self.program.run([Value(x) for x in point])[-1])
            held = read(told["held"])
            wrong += compare(walk, held)
            wrong += shown_otherwise(walk, told, held)
        return wrong


def shown_otherwise(walk: Walk, told: dict[str, Any], held: dict[str, list[float]]) -> list[str]:
    """Return where a page shows other numbers than it holds."""
    leaves = [i for i, v in enumerate(walk.nodes) if v.op is None]
    edges = [
        f"{number_text(held['gradients'][use.node])} × {number_text(x)} = {number_text(part)}"
        for use, x, part in zip(walk.uses, held["partials"], held["contributions"], strict=True)
    ]
    wanted = {
        "leaves": [walk.data[i] for i in leaves],
        "values": list(map(figure, held["values"])),
        "gradients": list(map(figure, held["gradients"])),
        "slopes": [figure(held["gradients"][i]) for i in leaves],
        "arrows": sorted(edges),
    }
    shown = told | {"arrows": sorted(told["arrows"]), "leaves": list(map(float, told["leaves"]))}
    return [
        f"{name} are {shown[name]}, not {numbers}"
        for name, numbers in wanted.items()
        if repr(shown[name]) != repr(numbers)
    ]


@pytest.mark.parametrize("first", range(0, len(SEEDS), TOGETHER))
def test_random_programs_hold_and_show_pythons_numbers_after_random_changes(
    browser: Any, first: int
) -> None:
    cases = [Case(seed) for seed in SEEDS[first : first + TOGETHER]]
    htmls = [walkthrough(case.z).html for case in cases]
    assert [html.count(HELD[0]) for html in htmls] == [2] * len(cases)
    page = Opened(browser.new_page(viewport={"width": 1200, "height": 900}))
    page.page.set_content("".join(htmls).replace(*HELD))
    found = page.page.evaluate(TYPED, [case.typed for case in cases])
    wrong = [
        f"seed {case.seed}: {fault}"
        for case, told in zip(cases, found, strict=True)
        for fault in case.faults(told)
    ]
    assert wrong == []
    assert page.problems == []
    page.page.close()
