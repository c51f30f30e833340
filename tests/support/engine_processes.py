"""Processes whose JAX has several devices, which is settled when it is imported."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.places import ROOT

# Quick to compile: what is tested is which numbers are computed, not how fast.
QUICKLY = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
LIMIT = 300.0


def needs(name: str) -> Any:
    return pytest.importorskip(name, reason=f"{name} is not installed: make test-engines")


def started(count: int, *words: str, folder: Path | None = None) -> subprocess.Popen[str]:
    """Start a process whose JAX has so many devices."""
    flags = f"--xla_force_host_platform_device_count={count} {QUICKLY}"
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    env = {**os.environ, "XLA_FLAGS": flags, "PYTHONPATH": path, "JAX_PLATFORMS": "cpu"}
    return subprocess.Popen(
        [sys.executable, *words],
        cwd=folder or ROOT, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def ended(process: subprocess.Popen[str]) -> tuple[str, str]:
    try:
        return process.communicate(timeout=LIMIT)
    finally:
        process.kill()


def address() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"
