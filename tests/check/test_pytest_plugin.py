"""The plugin for pytest, in processes of its own: what it offers, and what it costs others."""

import os
import subprocess
import sys
import textwrap

import pytest


@pytest.fixture
def run(tmp_path):
    """Run pytest in a folder of its own over files given by name, and return what it printed."""

    def go(*arguments, autoload=True, **files):
        for name, text in files.items():
            path = tmp_path / f"{name}.py"
            path.write_text(textwrap.dedent(text))
        found = subprocess.run(
            [sys.executable, "-m", "pytest", "-W", "error", "-p", "no:cacheprovider", *arguments],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={
                **os.environ,
                "PYTHONPATH": str(tmp_path),
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "" if autoload else "1",
            },
            check=False,
        )
        return found.stdout + found.stderr

    return go


CHECKS = """
    import sys

    # Before anything here imports it: starting pytest has not.
    engine_at_start = [name for name in ("autograd", "nn") if name in sys.modules]

    from autograd import sin
    from autograd.check import check_against

    def test_starting_pytest_does_not_import_the_engine():
        assert engine_at_start == []

    def test_right(gradcheck, chalkgrad_gradcheck):
        assert gradcheck(sin, 1.0).certain
        assert gradcheck is chalkgrad_gradcheck

    def test_open(gradcheck):
        gradcheck(abs, 0.0, strict=True)

    def test_wrong():
        check_against(sin, sin, 1.0).raise_if_wrong()
"""


def test_the_fixture_is_there_and_prints_the_report(run):
    printed = run(test_it=CHECKS)
    assert "2 failed, 2 passed" in printed, printed
    assert "gradient check" in printed
    assert "the given gradient is another one" in printed
    assert "Slope from below -1, from above 1" in printed
    assert "the fixture gradcheck is that of" not in printed


def test_the_fixture_goes_with_given(run):
    printed = run(
        test_it="""
        from hypothesis import given, settings, strategies as st
        from autograd import sin

        @given(x=st.floats(-3.0, 3.0))
        @settings(max_examples=5, database=None)
        def test_given(gradcheck, x):
            gradcheck(sin, x)
        """
    )
    assert "1 passed" in printed, printed


@pytest.mark.parametrize("how", ["@pytest.fixture", '@pytest.fixture(name="gradcheck")'])
def test_another_plugins_gradcheck_stays_and_it_is_said(run, how):
    name = "gradcheck" if how == "@pytest.fixture" else "other"
    printed = run(
        "-q",
        "-p",
        "theirs",
        theirs=f"""
        import pytest

        {how}
        def {name}():
            return "theirs"
        """,
        test_it="""
        def test_both(gradcheck, chalkgrad_gradcheck):
            assert gradcheck == "theirs"
            assert chalkgrad_gradcheck(abs, 1.0).certain
        """,
    )
    assert "1 passed" in printed, printed
    assert "the fixture gradcheck is that of theirs; this one is chalkgrad_gradcheck" in printed


def test_a_conftest_overrides_it_as_it_may_any_fixture(run):
    printed = run(
        conftest="""
        import pytest

        @pytest.fixture
        def gradcheck(gradcheck):
            return "mine", gradcheck
        """,
        test_it="""
        def test_mine(gradcheck):
            assert gradcheck[0] == "mine"
            assert gradcheck[1](abs, 1.0).certain
        """,
    )
    assert "1 passed" in printed, printed
    assert "the fixture gradcheck is that of" not in printed


@pytest.mark.parametrize("autoload", [False, True])
def test_it_can_be_named_by_hand(run, autoload):
    printed = run("-p", "autograd.check.pytest_plugin", autoload=autoload, test_it=CHECKS)
    # Then it is the package that is asked for, and the engine with it.
    assert "3 failed, 1 passed" in printed, printed
    assert printed.count("- gradient check -") == 2


def test_the_plugin_imports_nothing_but_pytest():
    text = "import pytest, sys; before = {*sys.modules}; import chalkgrad_pytest; "
    text += "print(*sorted({*sys.modules} - before))"
    found = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["chalkgrad_pytest"]
