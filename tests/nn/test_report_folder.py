"""The folder of a report, when whoever writes it is killed: nothing is lost or in the way."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nn.report import folder
from nn.report.folder import MARK, check_folder, write_folder

OLD = {"report.html": f"{MARK} old", "loss.svg": "old loss", "weights.svg": "old weights"}
NEW = {"report.html": f"{MARK} new", "loss.svg": "new loss", "boundary.svg": "new boundary"}
LAST = {"report.html": f"{MARK} last", "model.json": "last model"}


class Killed(OSError):
    """The process is no more: from here on nothing reaches the disk."""


class Disk:
    """Counts what is done to the disk, and lets nothing through after the n-th."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count, self.last = 0, -1
        for name in ("mkdir", "rename", "rmdir", "unlink"):
            monkeypatch.setattr(os, name, self.counted(getattr(os, name)))
        monkeypatch.setattr(Path, "write_text", self.counted(Path.write_text))

    def counted(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            if self.count == self.last:
                raise Killed(9, "killed")
            self.count += 1
            return function(*arguments, **options)

        return call

    def kills(self, run: Callable[[], object]) -> Iterator[int]:
        """Run it once for each of its steps, killed after that many."""
        for last in range(1, 1000):
            self.count, self.last = 0, last
            with contextlib.suppress(Killed):
                run()
            ended = self.count < self.last
            self.count, self.last = 0, -1
            yield last
            if ended:
                return


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


def contents(place: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in place.iterdir()}


def test_a_writer_killed_at_any_step_leaves_the_old_report_or_the_new_to_the_next(
    tmp_path: Path, disk: Disk
) -> None:
    place = tmp_path / "demo"
    found: list[dict[str, str]] = []
    for _ in disk.kills(lambda: write_folder(place, NEW)):
        # The next run looks before it trains, and finds one of the two, whole.
        check_folder(place)
        found.append(contents(place) if place.exists() else {})
        assert [path.name for path in tmp_path.iterdir()] in ([], ["demo"])
        write_folder(place, LAST)
        assert contents(place) == LAST
        write_folder(place, OLD)
    # The first began without a folder.
    assert found[0] == {}
    assert found[-1] == NEW
    where = found.index(NEW)
    assert set(map(str, found[1:where])) == {str(OLD)}
    assert set(map(str, found[where:])) == {str(NEW)}


def test_a_writer_of_a_new_folder_killed_at_any_step_leaves_none_or_all_of_it(
    tmp_path: Path, disk: Disk
) -> None:
    for _ in disk.kills(lambda: write_folder(tmp_path / "a" / "demo", NEW)):
        place = tmp_path / "a" / "demo"
        check_folder(place)
        assert not place.exists() or contents(place) == NEW
        write_folder(place, NEW)
        assert [path.name for path in place.parent.iterdir()] == ["demo"]
        folder.shutil.rmtree(tmp_path / "a")


def test_who_puts_it_in_order_may_be_killed_too(tmp_path: Path, disk: Disk) -> None:
    place = tmp_path / "demo"
    for first in range(1, 14):
        write_folder(place, OLD)
        disk.count, disk.last = 0, 5 + first
        with contextlib.suppress(Killed):
            write_folder(place, NEW)
        for _ in disk.kills(lambda: check_folder(place)):
            pass
        assert contents(place) in (OLD, NEW)


def test_a_real_kill_between_two_moves_is_put_in_order_by_the_next_run(tmp_path: Path) -> None:
    place = tmp_path / "demo"
    write_folder(place, OLD)
    child = (
        "import os, signal\n"
        "from pathlib import Path\n"
        "from nn.report import folder\n"
        "rename, count = Path.rename, [0]\n"
        "def dying(self, target):\n"
        "    count[0] += 1\n"
        "    if count[0] == 3:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return rename(self, target)\n"
        "Path.rename = dying\n"
        f"folder.write_folder({str(place)!r}, {NEW!r})\n"
    )
    done = subprocess.run([sys.executable, "-c", child], check=False)
    assert done.returncode == -signal.SIGKILL
    assert "report.html" not in contents_of_files(place)
    assert write_folder(place, LAST) == ["report.html", "loss.svg", "boundary.svg"]
    assert contents(place) == LAST


def contents_of_files(place: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in place.iterdir() if path.is_file()}


def test_a_hidden_folder_of_a_writer_that_lives_or_of_somebody_else_is_left_alone(
    tmp_path: Path,
) -> None:
    place = tmp_path / "demo"
    write_folder(place, OLD)
    mine = tmp_path / ".chalkgrad-notes"
    mine.mkdir()
    (mine / "notes.txt").write_text("mine")
    with folder._staging(place, make_parents=False) as alive:
        (alive / "new").mkdir()
        write_folder(place, NEW)
        if folder.fcntl is not None:
            assert (alive / "new").exists()
    assert contents(place) == NEW
    assert (mine / "notes.txt").read_text() == "mine"


def test_a_file_put_where_a_cut_off_move_would_go_is_not_lost(tmp_path: Path, disk: Disk) -> None:
    place = tmp_path / "demo"
    write_folder(place, OLD)

    for name in ("boundary.svg", "loss.svg"):
        for steps in range(8, 13):
            write_folder(place, OLD)
            disk.count, disk.last = 0, steps
            with pytest.raises(Killed):
                write_folder(place, NEW)
            disk.last = -1
            if (place / name).exists():
                check_folder(place)
                continue
            (place / name).write_text("mine")
            with pytest.raises(FileExistsError, match=rf"{name} is in the way of .*: move it aw"):
                check_folder(place)
            assert (place / name).read_text() == "mine"
            (place / name).unlink()
            check_folder(place)
            assert contents(place) == NEW
