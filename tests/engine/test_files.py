"""Files are written whole or not at all, and nothing that was there is lost."""

import os
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from autograd import Value, draw, write_whole
from nn import MLP


def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.json", tmp_path / "link.json"
    real.write_text("old")
    link.symlink_to("real.json")
    MLP([2, 1]).save(link)
    assert link.is_symlink()
    assert real.read_text().startswith("{")


def test_a_file_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "secret.svg"
    path.write_text("old")
    path.chmod(0o600)
    draw(Value(1.0)).save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_is_no_regular_file_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    found: list[str] = []
    reader = threading.Thread(target=lambda: found.append(pipe.read_text()))
    reader.start()
    write_whole(pipe, "through")
    reader.join()
    assert found == ["through"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_errors_name_the_path_that_was_given(tmp_path: Path) -> None:
    missing = tmp_path / "no" / "a.svg"
    with pytest.raises(FileNotFoundError, match="there is no folder") as caught:
        draw(Value(1.0)).save(missing)
    assert str(missing) in str(caught.value)
    with pytest.raises(IsADirectoryError, match="is a folder"):
        write_whole(tmp_path, "x")


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")

    def fail(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match=r"cannot write .*a\.txt: No space left on device"):
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o000])
def test_a_new_file_has_the_mode_that_open_gives(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        write_whole(tmp_path / "whole.txt", "x")
        (tmp_path / "plain.txt").write_text("x")
    finally:
        os.umask(before)
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("whole.txt", "plain.txt")]
    assert modes[0] == modes[1] == 0o666 & ~umask


def test_a_system_that_does_not_know_its_umask_gives_no_file_that_none_may_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As Emscripten does at the first call.
    monkeypatch.setattr(os, "umask", lambda mask: 0o777)
    MLP([2, 1]).save(tmp_path / "model.json")
    draw(Value(1.0)).save(tmp_path / "a.svg")
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) & 0o600 == 0o600


def test_what_was_for_its_owner_alone_is_so_while_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "secret.txt"
    path.write_text("old")
    path.chmod(0o600)
    seen: list[int] = []
    chmod = Path.chmod

    def noting(self: Path, mode: int) -> None:
        seen.append(stat.S_IMODE(self.stat().st_mode))
        chmod(self, mode)

    monkeypatch.setattr(Path, "chmod", noting)
    write_whole(path, "new")
    assert seen == [0o600]


class Killed(BaseException):
    """The process is no more: from here on nothing reaches the disk."""


@pytest.mark.parametrize("step", ["open", "chmod", "replace"])
@pytest.mark.parametrize("early", [True, False])
def test_a_writer_killed_at_any_step_leaves_the_old_file_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, early: bool
) -> None:
    model = tmp_path / "model.json"
    MLP([2, 1], seed=1).save(model)
    before = model.read_bytes()
    owner: Any = os if step == "open" else Path
    function = getattr(owner, step)

    def dying(*arguments: Any, **options: Any) -> Any:
        if not early:
            function(*arguments, **options)
        raise Killed

    def dead(*arguments: Any, **options: Any) -> Any:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(owner, step, dying)
        patch.setattr(Path, "unlink", dead)
        with pytest.raises(Killed):
            MLP([2, 1], seed=2).save(model)
    assert MLP.load(model)
    assert (model.read_bytes() == before) == (step != "replace" or early)
