# Needs Python 3.11 or newer and make; each target sets up the rest, in .venv, .venv-ministack and .venv-peers.
PYTHON ?= python3
PIP = .venv/bin/pip install --quiet --disable-pip-version-check

# DYNASTORE_SKIP_ENGINES=ministack runs the tests without it.
ENGINES = $(if $(findstring ministack,$(DYNASTORE_SKIP_ENGINES)),,.venv-ministack/ready)

# Without bytecode each process of a test run rewrites the assertions of all tests, for 10 s.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test test-all check bench bench-peers fuzz engines reference pictures format clean

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/app  ## Load agent conversations into one table and ask it questions (SQLite, no account)
	.venv/bin/dynastore demo

test: .venv/dev $(ENGINES)  ## Run all tests, on every engine
	.venv/bin/pytest -n auto --dist worksteal $(ARGS)

test-all: .venv/dev $(ENGINES)  ## Run them on each pair of engine and mode, and in larger tables
	DYNASTORE_ALL_ENGINES=1 .venv/bin/pytest -n auto --dist worksteal $(ARGS)

check: .venv/dev  ## Check form, types and the direction of imports
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/pyright
	.venv/bin/lint-imports

bench: .venv/bench  ## Measure requests, capacity units and time
	.venv/bin/python -m benchmarks $(BENCHMARKS) $(ARGS)

# Beside other libraries: time where they are installed together, requests where adapters' peers are.
bench-peers: BENCHMARKS ?= micro concurrency workload peers
bench-peers: .venv-peers/ready .venv/bench  ## Measure the same of other libraries
	$(if $(filter-out peers,$(BENCHMARKS)),.venv-peers/bin/python -m benchmarks $(filter-out peers,$(BENCHMARKS)) $(ARGS))
	$(if $(filter peers,$(BENCHMARKS)),.venv/bin/python -m benchmarks peers $(ARGS))

fuzz: .venv/dev $(ENGINES)  ## Run the property tests with far more examples
	.venv/bin/pytest -n auto --dist worksteal -m hypothesis --hypothesis-profile=fuzz $(ARGS)

engines: .venv-ministack/ready  ## Set up the servers that the conformance suite runs on

reference: .venv/dev  ## Write the reference of the command line
	.venv/bin/python -m manual.reference

pictures: .venv/dev  ## Draw the pictures of the docs (needs Chromium)
	.venv/bin/python -m manual.pictures

format: .venv/dev  ## Rewrite the code in its form
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

clean:  ## Remove everything that was set up or built
	rm -rf .venv .venv-ministack .venv-peers build dist .hypothesis .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "dynastore needs Python 3.11 or newer; name it: make PYTHON=python3.11 ..."; exit 1; }
	$(PYTHON) -m venv .venv

# A file in the environment remembers what was installed, so that the next run starts at once.
.venv/app: pyproject.toml | .venv/bin/pip
	$(PIP) --editable '.[aio,cli]'
	@touch $@

.venv/dev: pyproject.toml | .venv/bin/pip
	$(PIP) --editable '.[dev]'
	@touch $@ .venv/app

.venv/bench: pyproject.toml | .venv/bin/pip
	$(PIP) --editable '.[bench]'
	@touch $@ .venv/app

# aiobotocore pins botocore, so what is compared with has an environment of its own.
.venv-peers/ready: pyproject.toml
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/pip install --quiet --disable-pip-version-check --editable '.[peers]'
	@touch $@

# ministack pins an exact botocore, so it has an environment of its own.
.venv-ministack/ready: tests/conformance/ministack.txt
	$(PYTHON) -m venv .venv-ministack
	.venv-ministack/bin/pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@
