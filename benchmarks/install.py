"""Install the peers of the `bench` extra one by one: `python -m benchmarks.install`.

One that cannot be installed is left out and said so, and the others are measured without it. HIPS's
autograd goes into an environment of its own inside this one, because of its import name.
"""

import subprocess
import sys
import tomllib
import venv
from pathlib import Path

from benchmarks.peers import hips_python

HIPS_REQUIREMENT = "autograd>=1.7"


def requirements() -> list[str]:
    """What the extra `bench` names, without the project's own extras."""
    text = Path(__file__).parents[1].joinpath("pyproject.toml").read_text(encoding="utf-8")
    extra = tomllib.loads(text)["project"]["optional-dependencies"]["bench"]
    return [requirement for requirement in extra if not requirement.startswith("chalkgrad")]


def install(python: str | Path, requirement: str) -> bool:
    """Whether pip could install that; its own words are shown."""
    command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    return subprocess.run([*command, "--no-input", requirement], check=False).returncode == 0


def install_hips() -> bool:
    python = hips_python()
    if not python.exists():
        venv.EnvBuilder(with_pip=True, clear=True).create(python.parents[1])
    return install(python, HIPS_REQUIREMENT)


def main() -> int:
    wanted = requirements()
    print(f"Installing what is measured beside chalkgrad: {', '.join(wanted)}, HIPS's autograd")
    for requirement in wanted:
        if not install(sys.executable, requirement):
            print(f"{requirement} could not be installed: it is left out", file=sys.stderr)
    if not install_hips():
        print("HIPS's autograd could not be installed: it is left out", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
