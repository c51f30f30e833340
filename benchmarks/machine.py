"""What was measured on: the processor, the versions, and the threads a process may use.

Neither the machine's name nor a path is told.
"""

import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import peers
from benchmarks.peers import installed


def processor() -> str:
    """The processor's name as the system tells it."""
    try:
        if platform.system() == "Linux":
            for line in Path("/proc/cpuinfo").read_text().splitlines():
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
        if platform.system() == "Darwin":
            command = ["sysctl", "-n", "machdep.cpu.brand_string"]
            return subprocess.run(
                command, capture_output=True, text=True, check=True
            ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        pass
    return platform.processor() or platform.machine()


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def machine() -> dict[str, Any]:
    """What is measured on, and how many processes wanted to run in the minute before."""
    return {
        "processor": processor(),
        "cores": cores(),
        "system": f"{platform.system()} {platform.machine()}",
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
    }


def blas() -> str:
    """The library behind NumPy's matrix products."""
    config: Any = np.show_config(mode="dicts")
    found = config.get("Build Dependencies", {}).get("blas", {})
    return f"{found.get('name', 'unknown')} {found.get('version', '')}".strip()


def versions() -> dict[str, str]:
    return {
        peers.OURS: installed(peers.OURS) or "as it stands here, not installed",
        platform.python_implementation(): platform.python_version(),
        "NumPy": np.__version__,
        "BLAS": blas(),
        **peers.versions(),
    }


def environment(threads: int) -> dict[str, str]:
    """The environment of a process whose libraries may use so many threads."""
    kept = dict(os.environ)
    # The BLAS is to choose the kernel of this processor itself.
    kept.pop("OPENBLAS_CORETYPE", None)
    for library in ("OPENBLAS", "OMP", "MKL"):
        kept[f"{library}_NUM_THREADS"] = str(threads)
    kept["VECLIB_MAXIMUM_THREADS"] = str(threads)
    # XLA sizes its pool by NPROC, and splits matrix products unless told not to.
    kept["NPROC"] = str(threads)
    kept["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen={str(threads > 1).lower()}"
    # Peers compute on the processor, also where there is a GPU.
    kept["JAX_PLATFORMS"] = "cpu"
    kept["CUDA_VISIBLE_DEVICES"] = ""
    return kept
