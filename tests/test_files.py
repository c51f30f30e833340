"""Files are written whole or not at all, and nothing that was there is lost."""

import os
import stat
import threading
from pathlib import Path

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
