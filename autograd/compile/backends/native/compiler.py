"""The C compiler of the system: found, asked within a time limit, its results kept in a cache.

What was compiled once is kept in the user's cache folder under a hash of the text, the compiler
and the machine; the name of a file has the hash of its content too, so that a damaged one is seen.
Where nothing can be kept there, a folder of this process serves.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from autograd.files import write_whole

# Seconds that a compiler may take; that it may say its version in.
LIMIT, _ASKED = 60.0, 10.0
# No contraction of a product and a sum into one rounding, no fast-math: the numbers are NumPy's.
_FLAGS = ["-fPIC", "-shared", "-ffp-contract=off", "-fno-math-errno", "-w"]
_NATIVE = "-march=native"
# Bytes and files that the cache may have.
_MOST, _FILES = 2**26, 512


class NoCompilerError(RuntimeError):
    """There is no C compiler, or it did not do its work; the message says why."""


def compiler() -> list[str]:
    """Return the command of the C compiler: that of CC, or cc, gcc or clang on the PATH.

    Raises:
        NoCompilerError: if there is none.
    """
    if sys.platform in ("emscripten", "wasi"):
        raise NoCompilerError("no program can be started here")
    named = shlex.split(os.environ.get("CC", ""))
    for command in [named] if named else [["cc"], ["gcc"], ["clang"]]:
        path = shutil.which(command[0])
        if path is not None:
            return [path, *command[1:]]
    if named:
        raise NoCompilerError(f"there is no C compiler {named[0]}, which CC names")
    raise NoCompilerError("no C compiler was found: neither cc, gcc nor clang is on the PATH")


def version(command: Sequence[str]) -> str:
    """Return the first line that a compiler says of itself.

    Raises:
        NoCompilerError: if it says nothing.
    """
    stamp = 0
    with contextlib.suppress(OSError):
        stamp = os.stat(command[0]).st_mtime_ns
    return _version(tuple(command), stamp)


@cache
def _version(command: tuple[str, ...], stamp: int) -> str:
    said = _run([*command, "--version"], "", _ASKED).strip().splitlines()
    return said[0] if said else command[0]


def library(text: str, level: str) -> Any:
    """Return the library that a text compiles to, from the cache if it was compiled before.

    Args:
        text: in C.
        level: how hard the compiler tries, such as "-O1".

    Raises:
        NoCompilerError: if there is no compiler, it fails or takes too long, or its library cannot
            be loaded.
    """
    command = compiler()
    said = version(command)
    key = hashlib.sha256("\0".join([text, *command, said, level, *_FLAGS, _machine()]).encode())
    name = key.hexdigest()[:32]
    with _lock:
        loaded = _loaded.get(name)
        if loaded is None:
            loaded = _loaded[name] = _found(name) or _load(_compiled(command, text, level, name))
        return loaded


_lock = threading.Lock()
# Never unloaded: their functions may run in any thread.
_loaded: dict[str, Any] = {}


def _new_lock() -> None:
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    # Another thread of the parent may have been at the compiler.
    os.register_at_fork(after_in_child=_new_lock)


def _load(path: Path) -> Any:
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise NoCompilerError(f"the compiled library cannot be loaded: {error}") from None


def _compiled(command: Sequence[str], text: str, level: str, name: str) -> Path:
    """Compile a text and return the file that keeps the library."""
    with tempfile.TemporaryDirectory(prefix="chalkgrad-") as folder:
        source, target = Path(folder, "program.c"), Path(folder, "program.so")
        source.write_text(text, encoding="utf-8")

        def tried(*flags: str) -> None:
            _run(
                [*command, level, *flags, *_FLAGS, "-o", str(target), str(source), "-lm"], "", LIMIT
            )

        try:
            tried(_NATIVE)
        except _FailedError:
            # A compiler may not know this machine.
            tried()
        try:
            content = target.read_bytes()
        except OSError:
            raise NoCompilerError(f"{command[0]} wrote no library") from None
    return _kept(name, content)


class _FailedError(NoCompilerError):
    """The compiler refused the text or an option."""


def _run(command: Sequence[str], given: str, limit: float) -> str:
    """Return what a command says; it and all that it started end with the time limit."""
    import subprocess  # Not to be imported by those who never compile to C.

    is_posix = os.name == "posix"
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=is_posix,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # no console on Windows
        )
    except (OSError, ValueError) as error:
        raise NoCompilerError(f"{command[0]} cannot be started: {error}") from None
    try:
        said, complained = process.communicate(given, timeout=limit)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL) if is_posix else process.kill()
        process.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            told = f"{command[0]} took longer than {limit:g} seconds"
            raise NoCompilerError(told) from None
        raise
    if process.returncode != 0:
        lines = complained.strip().splitlines() or [f"status {process.returncode}"]
        worst = next((line for line in lines if "error" in line), lines[0])
        raise _FailedError(f"{command[0]} failed: {worst:.200}")
    return said


@cache
def _machine() -> str:
    """Return the kind of processor: what is compiled for one may not run on another."""
    told = [sys.platform, platform.machine(), str(sys.maxsize)]
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            lines = file.read().split("\n\n", 1)[0].splitlines()
        told += [line for line in lines if line.startswith(("model name", "flags", "Features"))]
    except OSError:
        told.append(platform.processor())
    return "\n".join(told)


# The cache ----------------------------------------------------------------------------------------


def folder() -> Path:
    """Return where compiled programs are kept: a folder in the user's cache."""
    if os.name == "nt":
        base = os.environ.get("LOCALAPPDATA", "")
    else:
        base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):
        inner = "Library/Caches" if sys.platform == "darwin" else ".cache"
        base = os.path.join(os.path.expanduser("~"), inner)
    return Path(base, "chalkgrad", "native")


def _is_ours(path: Path) -> bool:
    """Whether nobody else can write to a folder: what lies in it is run."""
    try:
        found = path.stat()
    except OSError:
        return False
    return os.name != "posix" or (found.st_uid == os.getuid() and not found.st_mode & 0o022)


def _found(name: str) -> Any:
    """Return the library that was compiled before, if it is whole."""
    if not _is_ours(folder()):
        return None
    for path in sorted(folder().glob(f"{name}-*.so")):
        with contextlib.suppress(OSError):
            if path.stem == f"{name}-{_hash(path.read_bytes())}":
                with contextlib.suppress(NoCompilerError):
                    loaded = _load(path)
                    os.utime(path)  # the one used last is the last to be dropped
                    return loaded
            path.unlink()
    return None


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def _kept(name: str, content: bytes) -> Path:
    """Write a library to the cache, or else to a folder of this process; return its path."""
    file = f"{name}-{_hash(content)}.so"
    try:
        folder().mkdir(parents=True, exist_ok=True, mode=0o700)
        if _is_ours(folder()):
            write_whole(folder() / file, content)
            _make_room()
            return folder() / file
    except (OSError, RuntimeError):
        pass
    # Whole, as a file of that name may be loaded already: what is loaded may not change.
    path = Path(_temporary().name, file)
    write_whole(path, content)
    return path


@cache
def _temporary() -> Any:
    return tempfile.TemporaryDirectory(prefix="chalkgrad-native-", ignore_cleanup_errors=True)


def _make_room() -> None:
    """Drop the files that were not used for longest, down to what the cache may have."""
    listed: list[tuple[float, int, Path]] = []
    for path in folder().glob("*.so"):
        with contextlib.suppress(OSError):
            found = path.stat()
            listed.append((found.st_mtime, found.st_size, path))
    total = sum(size for _, size, _ in listed)
    count = len(listed)
    for _, size, path in sorted(listed)[:-1]:
        if total <= _MOST and count <= _FILES:
            break
        with contextlib.suppress(OSError):
            path.unlink()
        total, count = total - size, count - 1
