"""Tests in several processes, by pytest-xdist: which of them stay together."""

import os
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

# These run the notebooks and build the documentation of them: minutes, once.
COURSE = ("test_notebooks.py", "test_site.py")

# The processes are as many as the cores: threads of one would wait for those of another. NumPy
# reads this when it is imported.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


class Together(LoadScopeScheduling):
    """Files as a whole, since the tests of one share what is made for them; the course in one."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::")[0]
        return "course" if file.endswith(COURSE) else file


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    """Deal out files in their order, not those with most tests first."""
    config.option.loadscopereorder = False
    return Together(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the longest that cannot be divided, lest it is the last to run, alone."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: not item.path.name.endswith(COURSE))
