"""Install the libraries of an extra one by one, for `make test-tools` and `make test-engines`.

One that cannot be installed is left out and said so; the tests that need it skip, and the others
run. Needs nothing but the standard library.
"""

import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# One version, so that every run tests the same; a newer one may bring several GB for other chips.
PINS = {"jax": "jax==0.10.2", "torch": "torch==2.13.0"}


def requirements(extra: str) -> list[str]:
    """Return what an extra of pyproject.toml names, with what its own extras name."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    extras = tomllib.loads(text)["project"]["optional-dependencies"]
    found: list[str] = []
    for requirement in extras[extra]:
        own = re.fullmatch(r"chalkgrad\[([\w-]+)\]", requirement)
        found += requirements(own[1]) if own else [requirement]
    return found


def is_there(name: str) -> bool:
    """Whether a library is installed in this environment."""
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def install(requirement: str) -> bool:
    """Whether pip could install that; its own words are shown."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # Without an index to reach, six libraries would wait for minutes.
    command += ["--no-input", "--retries", "1", "--timeout", "15", requirement]
    return subprocess.run(command, check=False).returncode == 0


def main(extra: str = "test-tools") -> int:
    """Install what is not there yet, in the environment that this runs in."""
    if sys.prefix == sys.base_prefix:
        sys.exit("this installs into an environment: write make test-tools")
    for requirement in requirements(extra):
        name = re.match(r"[\w.-]+", requirement)[0]
        if is_there(name):
            continue
        wanted = PINS.get(name, requirement)
        print(f"Installing {wanted}", flush=True)
        if not install(wanted):
            print(f"{wanted} could not be installed: its tests skip", file=sys.stderr, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
