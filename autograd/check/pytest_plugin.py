"""The plugin for pytest under a name of the package, for where plugins are named by hand.

`-p autograd.check.pytest_plugin`, or `pytest_plugins = ["autograd.check.pytest_plugin"]` in a
conftest.py, loads it where `PYTEST_DISABLE_PLUGIN_AUTOLOAD` keeps pytest from finding it.
"""

pytest_plugins = ["chalkgrad_pytest"]
