# `make` lists the targets. Each makes what it needs, in .venv beside this file, on a machine that
# has only make and Python 3.11 or later with its venv module; otherwise it says what is missing.
#
#   make test ARGS="-k tanh"          arguments for the program that a target runs
#   make demo PYTHON=python3.13       the Python to make .venv with

PYTHON ?=
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
# Tests run in one process per core, up to four, since each may hold a graph of a million nodes.
PROCESSES := -n auto --maxprocesses 4

export PYTHON
# Parallel targets would run pip twice in the same environment.
.NOTPARALLEL:
.PHONY: help demo test test-long test-tools test-engines check-versions lint format bench notebooks docs clean FORCE

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

demo: $(VENV)/installed-plots ## train a network to read handwritten digits, report in demo/
	$(BIN)/chalkgrad train digits --output demo $(ARGS)

test: $(VENV)/installed-test ## run the tests and every example in the documentation
	$(BIN)/python -m pytest $(PROCESSES) -m "not tools and not engines" $(ARGS)

test-long: $(VENV)/installed-test $(VENV)/installed-docs ## the same, with many more random programs
	CHALKGRAD_PROFILE=long $(BIN)/python -m pytest $(PROCESSES) $(ARGS)

test-tools: $(VENV)/installed-test ## run the tests with PyTorch, ONNX, safetensors, scikit-learn
	@$(BIN)/python .ci/tools.py
	$(BIN)/python -m pytest $(PROCESSES) -m tools tests nn/sklearn $(ARGS)

test-engines: $(VENV)/installed-test ## run the tests that train by JAX and by PyTorch
	@$(BIN)/python .ci/tools.py test-engines
	$(BIN)/python -m pytest $(PROCESSES) -m engines tests autograd/check $(ARGS)

check-versions: $(VENV)/place ## run the tests on every Python found, and on the lowest dependencies
	$(BIN)/python .ci/versions.py $(ARGS)

lint: $(VENV)/installed-lint ## check style, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright

format: $(VENV)/installed-lint ## mend what the style check can mend, and format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/installed-plots ## measure speed and size beside other engines
	@$(BIN)/python -m benchmarks.install
	$(BIN)/python -m benchmarks $(ARGS)

notebooks: $(VENV)/installed-notebooks ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab notebooks $(ARGS)

docs: $(VENV)/installed-docs ## run the notebooks and build the documentation in docs/_build
	$(BIN)/python -m sphinx -E -W --keep-going -b html docs docs/_build/html $(ARGS)

clean: ## remove all that these targets made, .venv too
	rm -rf $(VENV) .versions demo dist docs/_build docs/course docs/_live .hypothesis .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One stamp for each extra. pip adds to what is there, so the stamps do not undo one another. The
# version, which an environment notes, is in autograd/__init__.py.
$(VENV)/installed-%: pyproject.toml autograd/__init__.py $(VENV)/place
	@echo "Installing chalkgrad[$*] into $(VENV)"
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --no-input \
	    --editable '.[$*]' || { \
	  echo "pip could not install chalkgrad[$*]; its own words are above." >&2; \
	  echo "It needs the Python package index, by network, proxy or mirror (PIP_INDEX_URL)." >&2; \
	  exit 1; }
	@touch $@

# The programs in an environment hold its path, and its packages its Python's version. Both are
# noted in $(VENV)/place; where they no longer hold (the folder was moved or copied, Python was
# upgraded), or making it was interrupted, it is made anew. A sound .venv made by hand is kept.
PLACE := import sys; assert sys.version_info >= (3, 11); print(sys.prefix, *sys.version_info[:2])

$(VENV)/place: FORCE
	@here=$$($(BIN)/python -c '$(PLACE)' 2>/dev/null); \
	if [ -n "$$here" ]; then \
	  if [ -f $@ ]; then [ "$$here" = "$$(cat $@)" ] && exit 0; \
	  elif $(BIN)/python -m pip --version >/dev/null 2>&1; then echo "$$here" >$@; exit 0; fi; \
	fi; \
	without_venv=; \
	for python in $${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do \
	  version=$$("$$python" -c 'import sys; assert sys.version_info >= (3, 11); \
	print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue; \
	  if ! "$$python" -c 'import venv, ensurepip' 2>/dev/null; then \
	    without_venv="$$without_venv $$python"; missing=$${missing:-$$version}; continue; fi; \
	  echo "Making $(VENV) with $$python ($$version)"; \
	  "$$python" -m venv --clear $(VENV) || exit 1; \
	  $(BIN)/python -c '$(PLACE)' >$@ || { rm -f $@; exit 1; }; \
	  exit 0; \
	done; \
	if [ -n "$$without_venv" ]; then \
	  echo "Python is here ($${without_venv# }) but without its venv and ensurepip modules." >&2; \
	  echo "On Debian and Ubuntu: apt-get install python$$missing-venv" >&2; \
	else \
	  echo "chalkgrad needs Python 3.11 or later; found none under" \
	    "$${PYTHON:-python3, python3.14 to python3.11, or python}." >&2; \
	  echo "On Debian and Ubuntu: apt-get install python3 python3-venv." \
	    "Installed elsewhere: make PYTHON=/path/to/python3" >&2; \
	fi; \
	exit 1
