"""The tests on every Python from 3.11 that is found, and on the lowest declared dependencies.

Each run has an environment of its own in `.versions/`, which `make clean` removes. The arguments
are pytest's. For `make check-versions`; needs the package index and nothing but the standard
library.
"""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENTS = ROOT / ".versions"
SOUND = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"


def pythons() -> dict[str, str]:
    """Return the programs that are found, by their version; of two with one version the first."""
    found: dict[str, str] = {}
    for minor in range(11, 15):
        kept = sorted((Path.home() / ".pyenv" / "versions").glob(f"3.{minor}.*/bin/python3"))
        for program in (shutil.which(f"python3.{minor}"), *kept):
            if program is None:
                continue
            told = subprocess.run([program, "-c", SOUND], capture_output=True, text=True)
            if told.returncode == 0 and told.stdout.strip() == f"3.{minor}":
                found.setdefault(f"3.{minor}", str(program))
    return found


def lowest(extra: str = "test") -> list[str]:
    """Return the lowest versions that pyproject.toml declares, as pip's constraints."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    waiting, pins = [*project["dependencies"], *extras[extra]], set[str]()
    while waiting:
        name, extra, version = re.match(
            r"([\w.-]+)(?:\[(\w+)\])?(?:.*>=([\w.]+))?", waiting.pop()
        ).groups()
        if name == project["name"]:
            waiting += extras[extra]
        elif version:
            pins.add(f"{name}=={version}")
    return sorted(pins)


def succeeds(name: str, program: str, pins: list[str], arguments: list[str]) -> bool:
    """Make an environment, install the project with its tests' needs, and run them."""
    folder = ENVIRONMENTS / name
    print(f"\n== {name}: {program}", *pins, flush=True)
    subprocess.run([program, "-m", "venv", "--clear", folder], check=True)
    constraints = folder / "constraints.txt"
    constraints.write_text("\n".join(pins), encoding="utf-8")
    python = folder / "bin" / "python"
    install = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-input"]
    commands = [
        [*install, "--constraint", constraints, "--editable", f"{ROOT}[test]"],
        [
            python,
            "-m",
            "pytest",
            "-n",
            "auto",
            "--maxprocesses",
            "4",
            "-p",
            "no:cacheprovider",
            *arguments,
        ],
    ]
    return all(subprocess.run(command, cwd=ROOT).returncode == 0 for command in commands)


def main(arguments: list[str]) -> int:
    """Return 0 if the tests passed everywhere."""
    found = pythons()
    if not found:
        sys.exit("no Python from 3.11 to 3.14 with its venv and ensurepip modules is found")
    oldest = next(iter(found))
    runs = [(name, program, list[str]()) for name, program in found.items()]
    runs.append((f"{oldest}-lowest", found[oldest], lowest()))
    results = {name: succeeds(name, program, pins, arguments) for name, program, pins in runs}
    for name, passed in results.items():
        print(f"{name:12} {'passed' if passed else 'FAILED'}")
    return 0 if all(results.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
