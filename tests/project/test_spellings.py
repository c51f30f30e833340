"""What people write who come from another library ends in Python's error and in our word for it."""

import importlib
import inspect
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
from autograd.spellings import MATHEMATICS, SPELLINGS, instead
from support.absent import assert_cannot_be_imported

Value = autograd.Value
NAMES = [key for key in SPELLINGS if key.isidentifier()]
ABSENT = [key.removeprefix(".") for key in SPELLINGS if key.startswith(".")]
KEYWORDS = [key.removesuffix("=") for key in SPELLINGS if key.endswith("=")]
TAKES_NO_MORE = [
    autograd.grad, autograd.value_and_grad, autograd.derivative, autograd.jacobian,
    autograd.hessian, autograd.hvp, autograd.jvp, autograd.gradient, autograd.compile,
    autograd.check_gradients, autograd.assert_gradients, autograd.backward, autograd.draw, Value,
]  # fmt: skip


def test_every_key_is_a_name_an_attribute_or_a_keyword() -> None:
    assert len(NAMES) + len(ABSENT) + len(KEYWORDS) == len(SPELLINGS)


@pytest.mark.parametrize("key", SPELLINGS)
def test_what_is_written_in_its_place_is_there(key: str) -> None:
    here = SPELLINGS[key]
    known = [*re.findall(r"\b(autograd|nn|math|copy|np)\.(\w+)", here)]
    for module, name in known:
        assert hasattr(np if module == "np" else importlib.import_module(module), name), here
    for name in re.findall(r"\bv\.(\w+)", here):
        assert hasattr(Value(1.0, "v"), name), here
    for function, keyword in re.findall(r"autograd\.(\w+)\([^()]*?(\w+)=", here):
        assert keyword in inspect.signature(getattr(autograd, function)).parameters
    if not here.startswith("leave it out"):
        words = "Python's own if" in here or "type(" in here or here in ("x * y", "x - y")
        assert known or "v." in here or here in ("argnum=", "label=", "direction=") or words, here


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_another_library(name: str) -> None:
    with pytest.raises(AttributeError) as error:
        getattr(autograd, name)
    assert str(error.value) == f"module 'autograd' has no attribute {name!r}{instead(name)}"
    assert name not in {*dir(autograd), *autograd.__all__}
    assert_cannot_be_imported("autograd", name, instead(name))


def test_other_names_that_are_missing_have_pythons_own_errors() -> None:
    with pytest.raises(ImportError, match=r"^cannot import name 'sinus' from 'autograd' \("):
        exec("from autograd import tanh, sinus", {})
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'autograd\.sinus'$"):
        importlib.import_module("autograd.sinus")
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'autograd\.check\.jit'$"):
        importlib.import_module("autograd.check.jit")


@pytest.mark.parametrize("name", ABSENT)
def test_an_attribute_of_anothers_number(name: str) -> None:
    v = Value(2.0)
    assert not hasattr(v, name)
    assert name not in dir(v)
    with pytest.raises(AttributeError) as error:
        getattr(v, name)
    assert str(error.value) == f"'Value' object has no attribute {name!r}{instead('.' + name)}"
    with pytest.raises(AttributeError, match=re.escape(instead("." + name))):
        setattr(v, name, True)


@pytest.mark.parametrize("function", TAKES_NO_MORE, ids=lambda f: f.__name__)
def test_a_keyword_of_another_library(function: Callable[..., Any]) -> None:
    v = Value(2.0)
    given = {"gradient": (v, [v]), "backward": (v,), "draw": (v,), "Value": (2.0,)}
    arguments = given.get(function.__name__, (lambda x: x * x,))
    names = inspect.signature(function).parameters
    assert not {"more", "others", "_others"} & set(names)
    for keyword in [key for key in KEYWORDS if key not in names]:
        with pytest.raises(TypeError) as error:
            function(*arguments, **{keyword: 1})
        words = f"{function.__name__}() got an unexpected keyword argument {keyword!r}"
        assert str(error.value) == words + instead(f"{keyword}=")


def test_a_keyword_that_is_nearly_right() -> None:
    with pytest.raises(TypeError, match=r"argument 'lable'; is label= meant\?$"):
        Value(2.0, lable="x")
    with pytest.raises(TypeError, match=r"argument 'argnmu'; is argnum= meant\?$"):
        autograd.grad(autograd.tanh, argnmu=1)
    with pytest.raises(TypeError, match=r"argument 'zzz'$"):
        autograd.draw(Value(2.0), zzz=1)


def test_the_keywords_of_the_function_itself_are_its_own() -> None:
    assert autograd.grad(lambda x, argnums: x * argnums)(2.0, argnums=3.0) == 3.0


@pytest.mark.parametrize("more", [((), "+"), ((1.0, 2.0), "+", "name"), ("label", 2)])
def test_operands_given_to_a_value(more: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError, match=r"write Value\(data\), since operations record"):
        Value(1.0, *more)


@pytest.mark.parametrize("children", [(), [1.0], set()])
def test_operands_given_as_a_label(children: Any) -> None:
    with pytest.raises(TypeError, match=r"write Value\(data\): operations record"):
        Value(1.0, children)


@pytest.mark.parametrize("name", sorted(MATHEMATICS))
def test_expressions_and_the_package_know_the_same_other_names(name: str) -> None:
    with pytest.raises(autograd.ExpressionError) as error:
        autograd.parse(f"{name}(x)", x=2.0)
    ours = re.sub(r"autograd\.|, or .*", "", MATHEMATICS[name])
    told = re.search(r": it is (\w+) here\n|: write (.*)\n", str(error.value))
    assert told, error.value
    assert ours.startswith(f"{told[1]}(") if told[1] else told[2] == ours
