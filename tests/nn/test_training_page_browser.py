"""The page that trains, in Chromium: its controls, its faults, light and dark, narrow and wide."""

import dataclasses
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nn import MLP, SGD, TrainingPage, datasets, fit, playground
from nn.command import cli
from nn.pages.recording import recorded
from support.browser import EVIL, contrast, faults

pytestmark = pytest.mark.browser

GIVEN: dict[str, Any] = {"loss": "binary_cross_entropy", "batch_size": 10, "seed": 1}
MOONS = datasets.moons(100, seed=0)


def model() -> MLP:
    made = MLP([2, 6, 1], seed=0)
    made.layers[0].neurons[0].bias.label = EVIL
    return made


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("pages")
    return playground(model(), *MOONS, lr=0.5, **GIVEN).save(place / "moons.html")


@pytest.fixture
def page(browser: Any, saved: Path) -> Iterator[Any]:
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    problems: list[str] = []
    opened.on("console", lambda message: problems.append(message.text))
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("requestfailed", lambda request: problems.append(request.url))
    opened.goto(saved.as_uri())
    yield opened
    assert opened.evaluate("window.pwned") is None
    assert problems == []
    context.close()


def press(page: Any, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def said(page: Any) -> str:
    return page.inner_text(".cp-status")


def waited(page: Any, text: str) -> None:
    """Wait until it says that it stands still there."""
    page.locator(".cp-status", has_text=text).wait_for()


def numbers(page: Any) -> str:
    return re.sub(r"\s+", " ", page.inner_text(".cp-numbers"))


def parameters(page: Any) -> list[str]:
    return page.locator(".cp-folded").last.locator("tbody td:first-of-type").all_inner_texts()


def test_step_epoch_and_reset_give_the_numbers_of_fit(page: Any) -> None:
    page.get_by_text(re.compile("^All 25 parameters")).click()
    page.locator(".cp-folded").last.locator("td", has_text="—").first.wait_for()
    before = parameters(page)
    press(page, "Step")
    assert numbers(page).startswith("epoch 0 batch 1 last batch ")
    assert parameters(page) != before
    press(page, "Epoch")
    waited(page, "epoch 1")
    press(page, "Epoch")
    waited(page, "epoch 2")
    trained = model()
    optimizer = SGD(trained.parameters(), lr=0.5)
    history = fit(trained, *MOONS, optimizer=optimizer, epochs=2, progress=False, **GIVEN)
    shown = [float(x.replace("−", "-")) for x in parameters(page)]
    # To the four digits that are shown.
    assert shown == pytest.approx([p.data for p in trained.parameters()], rel=1e-3)
    assert f"loss {history.loss[-1]:.4g} held out" in numbers(page)
    right, held_right = history[-1].metric, history[-1].validation_metric
    assert f"right {right:.1%} held out right {held_right:.1%}" in numbers(page).replace(" %", "%")
    assert f"Paused after epoch 2: loss {history.loss[-1]:.4g}." == said(page)
    press(page, "Reset")
    assert numbers(page).startswith("epoch 0 batch 0 right")
    assert parameters(page) == before


def test_it_plays_and_pauses_and_learns(page: Any) -> None:
    press(page, "Play")
    assert said(page) == "Training."
    page.select_option("select", label="full speed")
    page.locator(".cp-numbers", has_text="100.0 %").wait_for()
    # Nothing is said again and again while it trains.
    assert said(page) == "Training."
    press(page, "Pause")
    assert said(page).startswith("Paused after epoch")
    still = numbers(page)
    page.wait_for_timeout(100)
    assert numbers(page) == still


def test_fields_take_numbers_and_say_what_they_take(page: Any) -> None:
    rate, size = page.get_by_label("learning rate"), page.get_by_label("batch size")
    momentum, decay = page.get_by_label("momentum"), page.get_by_label("weight decay")
    sample = page.get_by_label("sample", exact=True)
    for field, wrong, right, word in (
        (rate, "fast", "0.25", "it stays 0.5"),
        (rate, "-1", "0", "it stays 0.25"),
        (size, "2.5", "90", "it stays 10"),
        (size, "0", "7", "it stays 90"),
        (momentum, "1", "0,9", "from 0 up to below 1, such as 0.9; it stays 0."),
        (momentum, "", "0.5", "it stays 0.9"),
        (decay, "-0.1", "0.01", "from 0 on, such as 0.001; it stays 0."),
        (rate, "Infinity", "0.25", "it stays 0."),
        (sample, "0", "90", "A sample is a whole number from 1 to 100; it stays 1."),
        (sample, "101", "3", "it stays 90."),
        (sample, "2.5", "4", "it stays 3."),
        (sample, "", "1", "it stays 4."),
    ):
        field.fill(wrong)
        field.press("Enter")
        assert field.get_attribute("aria-invalid") == "true"
        described = field.get_attribute("aria-describedby")
        assert word in page.inner_text(f"[id='{described}']")
        field.fill(right)
        field.press("Enter")
        assert field.get_attribute("aria-invalid") == "false"
        assert page.inner_text(f"[id='{described or ''}']") == ""
    press(page, "Epoch")
    waited(page, "epoch 1")
    trained = model()
    optimizer = SGD(trained.parameters(), lr=0.25, momentum=0.5, weight_decay=0.01)
    given = GIVEN | {"batch_size": 7, "epochs": 1, "progress": False}
    history = fit(trained, *MOONS, optimizer=optimizer, **given)
    assert f"loss {history.loss[-1]:.4g} held out" in numbers(page)


def test_an_explosion_is_said_and_the_last_good_numbers_stay(page: Any) -> None:
    press(page, "Epoch")
    waited(page, "epoch 1")
    page.get_by_label("learning rate").fill("1.7e308")
    press(page, "Play")
    page.locator(".cp-wrong").wait_for()
    assert re.match(r"Training stopped: the (loss|gradient).* became .* in batch \d", said(page))
    assert "The numbers are those after epoch 1." in said(page)
    assert numbers(page).startswith("epoch 1 batch 0 loss 0.")
    assert "inf" not in numbers(page) + page.inner_text(".cp-one")
    page.get_by_label("learning rate").fill("0.1")
    press(page, "Epoch")
    waited(page, "epoch 2")
    assert page.locator(".cp-wrong").count() == 0


def test_everything_can_be_reached_by_keys_and_shows_it(page: Any) -> None:
    reached: list[str] = []
    for _ in range(14):
        page.keyboard.press("Tab")
        told = page.evaluate(
            "(e => [getComputedStyle(e).outlineStyle, e.getAttribute('aria-label')"
            " || (e.labels && e.labels[0] || e).textContent])(document.activeElement)"
        )
        assert told[0] == "solid"
        reached.append(told[1])
    assert reached == [
        *("Play", "Step", "Epoch", "Reset"),
        *("learning rate", "batch size", "momentum", "weight decay", "speed"),
        *("neuron layers.0.neurons.0", "sample", "graph of the neuron"),
        *("Every edge of the graph as a table", "All 25 parameters and their gradients"),
    ]


def test_ten_pages_take_ten_times_the_memory_of_one_at_most(browser: Any, tmp_path: Path) -> None:
    fragments = [
        playground(MLP([2, 6, 1], seed=i), *MOONS, lr=0.5, **GIVEN).html for i in range(10)
    ]
    found: list[dict[str, float]] = []
    for count in (1, 10):
        place = tmp_path / f"{count}.html"
        place.write_text(f"<meta charset=utf-8>{''.join(fragments[:count])}", encoding="utf-8")
        context = browser.new_context(offline=True)
        page = context.new_page()
        page.goto(place.as_uri())
        for play in page.get_by_role("button", name="Epoch", exact=True).all():
            play.click()
        page.locator(".cp-status", has_text="epoch 1").nth(count - 1).wait_for()
        session = context.new_cdp_session(page)
        session.send("Performance.enable")
        session.send("HeapProfiler.collectGarbage")
        metrics = session.send("Performance.getMetrics")["metrics"]
        found.append({metric["name"]: metric["value"] for metric in metrics})
        context.close()
    one, ten = found
    for name in ("JSHeapUsedSize", "Nodes", "JSEventListeners"):
        assert ten[name] <= 10 * one[name]


def test_names_of_classes_and_inputs_are_text(browser: Any, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(30, 3))
    names = np.array(["cat", "dog", EVIL])[inputs.argmax(axis=1)]
    made = recorded(
        MLP([3, 4, 3], seed=0), inputs, names, loss="cross_entropy", lr=0.1, batch_size=5
    )
    data = made.data | {"columns": ["tall", EVIL, "wide"]}
    page = TrainingPage(dataclasses.replace(made, data=data))
    context = browser.new_context(offline=True)
    opened = context.new_page()
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.goto(page.save(tmp_path / "names").as_uri())
    place = made.data["classes"].index(sorted(set(names.tolist())).index(EVIL))
    opened.get_by_label("sample", exact=True).fill(str(place + 1))
    told = opened.inner_text(".cp-sample")
    assert f"target {EVIL} · the model says" in told
    assert "inputs tall " in told
    assert f", {EVIL} " in told
    assert opened.evaluate("window.pwned") is None
    assert problems == []
    context.close()


def test_a_page_of_a_table_speaks_in_its_names_and_units(browser: Any, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    kinds = np.array(["iris", "rose", EVIL])[np.arange(30) % 3]
    numbers = rng.normal(size=30).tolist()
    quoted = [kind.replace('"', '""') for kind in kinds.tolist()]
    of_classes = [f'{1000 + x};{x};"{kind}"' for x, kind in zip(numbers, quoted, strict=True)]
    of_numbers = [f"{1000 + x};{x};{5000 - 10 * x}" for x in numbers]
    context = browser.new_context(offline=True)
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    told: list[str] = []
    for name, lines in (("classes", of_classes), ("numbers", of_numbers)):
        table = tmp_path / f"{name}.csv"
        table.write_text("\n".join(["long;<b>wide;y", *lines]), encoding="utf-8")
        assert cli.main(["play", str(table), "-o", str(tmp_path / f"{name}.html")]) == 0
        page.goto((tmp_path / f"{name}.html").as_uri())
        told.append(page.inner_text(".cp-sample"))
        shown = page.locator(".cp-legend li").all_inner_texts()
        # Shapes are told apart by more than their colours.
        shapes = [x.get_attribute("points") for x in page.locator(".cp-legend polygon").all()]
        names = page.locator(".cp-graph .cp-name").all_text_contents()
        assert {"long", "<b>wide"} < set(names)
        if name == "classes":
            assert shown == [EVIL, "iris", "rose", "held out"]
            assert len(set(shapes)) == 4
            first = page.locator(".cp-neuron").nth(-3).get_attribute("aria-label")
            assert first == f"neuron layers.2.neurons.0 for class {EVIL}"
        else:
            assert re.match(r"y towards 49\d\d", shown[0])
    amount = r"\d+(\.\d+)? \(scaled −?[\d.]+\)"
    assert re.search(rf"inputs long {amount}, <b>wide −?{amount} · target", told[0])
    assert re.search(r"target y [45]\d{3}\S* \(scaled \S+\) · outputs [45]\d{3}", told[1])
    assert page.evaluate("window.pwned") is None
    assert problems == []
    context.close()


def test_a_neuron_shows_the_chain_rule_of_the_sample_that_is_pointed_at(page: Any) -> None:
    press(page, "Epoch")
    neuron = page.get_by_role("button", name="neuron layers.1.neurons.0")
    neuron.click()
    assert neuron.get_attribute("aria-pressed") == "true"
    page.get_by_label("sample", exact=True).fill("5")
    assert page.inner_text(".cp-one .cp-caption").startswith(
        "layers.1.neurons.0 for class 1, sample 5:"
    )
    assert "The other 2 products sum to" in page.inner_text(".cp-one")
    page.get_by_text("Every edge of the graph as a table").click()
    page.locator(".cp-one tbody tr").first.wait_for()
    rows = [
        [float(x.replace("−", "-")) for x in row.locator("td").all_inner_texts()]
        for row in page.locator(".cp-one tbody tr").all()
    ]
    assert len(rows) == 14
    for above, local, part in rows:
        assert part == pytest.approx(above * local, rel=2e-3)
    # The keys go on to another neuron, and the pointer to another sample.
    neuron.focus()
    for key, reached in (
        ("ArrowRight", "layers.1.neurons.0 "),
        ("ArrowLeft", "layers.0.neurons.3,"),
        ("ArrowUp", "layers.0.neurons.2,"),
        ("ArrowDown", "layers.0.neurons.3,"),
        ("ArrowLeft", "layers.0.neurons.3,"),
        ("Home", "layers.0.neurons.0,"),
        ("ArrowUp", "layers.0.neurons.0,"),
        ("End", "layers.1.neurons.0 "),
        ("ArrowDown", "layers.1.neurons.0 "),
    ):
        page.keyboard.press(key)
        assert page.inner_text(".cp-one .cp-caption").startswith(reached)
    page.get_by_label("sample", exact=True).fill("")
    page.keyboard.press("Enter")
    page.locator(".cp-model canvas").hover(position={"x": 20, "y": 20})
    assert page.get_by_label("sample", exact=True).input_value() not in ("", "5")
    assert page.get_by_label("sample", exact=True).get_attribute("aria-invalid") == "false"


def test_it_fits_and_can_be_used_by_everybody(page: Any) -> None:
    press(page, "Epoch")
    page.locator("summary").first.click()
    page.locator("summary").last.click()
    for scheme, width in itertools.product(["light", "dark"], [400, 1280, 1920]):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(50)
        root = "document.documentElement"
        assert page.evaluate(f"[{root}.scrollWidth, {root}.clientWidth]") == [width, width]
        assert faults(page) == []
        colour = "(e, what) => getComputedStyle(e)[what].match(/[\\d.]+/g).map(Number)"
        paper = page.locator(".chalk-train").evaluate(colour, "backgroundColor")
        for text in page.locator(".cp-said, .cp-graph text").all()[:20]:
            assert contrast(text.evaluate(colour, "fill"), paper) >= 4.5
