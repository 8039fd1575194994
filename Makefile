# `make demo` and `make test` are all a new user needs: each sets up .venv by plain pip and does the rest.
PYTHON ?= python3
BIN := .venv/bin
PRESET ?= quick
BENCHMARKS ?= docs/results/benchmarks

.PHONY: demo test lint coverage bench docs clean

demo: .venv/core-installed
	$(BIN)/saltus reproduce fig1a --preset $(PRESET) --out results/fig1a

# Workers take what others have left: few tests are long, and module fixtures are made again only where that happens.
# Four at most: each needs 0.8 GB, and some tests start processes and threads of their own.
test: lint
	$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist worksteal

lint: .venv/dev-installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell

# For a look at what no test runs; no number of it passes or fails anything.
coverage: .venv/dev-installed
	$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist worksteal --cov --cov-report=term:skip-covered

bench: .venv/dev-installed
	for name in kernel theory lawfit; do \
	  $(BIN)/python benchmarks/$$name.py --json $(BENCHMARKS)/$$($(BIN)/saltus --version | cut -d ' ' -f 2)/$$name.json || exit; \
	done

docs: .venv/docs-installed
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

.venv/python-ready:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "saltus needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1 | head -n 1); run: make PYTHON=python3.12 ..." >&2; exit 2; }
	$(PYTHON) -m venv .venv
	touch $@

.venv/core-installed: .venv/python-ready pyproject.toml
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

.venv/dev-installed: .venv/core-installed constraints-dev.txt
	$(BIN)/python -m pip install --quiet --constraint constraints-dev.txt --editable '.[dev]'
	touch $@

.venv/docs-installed: .venv/core-installed
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	touch $@

clean:
	rm -rf .venv results build dist docs/_build
