# What a developer and a CI machine do with this repository. Needs git, make, cargo and Python 3.11 or newer; the
# rest is installed into .venv from requirements/dev.txt, hashes checked.

.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: help demo test test-slow test-live lint bench scale pictures lock clean
MAKEFLAGS += --no-builtin-rules
# Another project's settings would shadow the environment.
unexport PYTHONHOME PYTHONPATH

# The interpreter that makes .venv: the first of these that is new enough, or the one given as `make PYTHON=…`.
PYTHON ?= python3.11 python3 python3.12 python3.13 python3.14
VENV := .venv
BIN := $(VENV)/bin
# Written last, so that an environment whose installation broke off is completed by the next run.
READY := $(VENV)/.ready
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
# One process a processor; the tests of one file stay together, as they share what is slow to make.
PYTEST := -m pytest --numprocesses logical --dist loadscope
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

help:
	@echo 'make demo       replay the incident on a sample stack: a real commit is blocked; release it, killed in the middle'
	@echo 'make test       lint, then all tests that are quick, with coverage'
	@echo 'make test-slow  the slow tests'
	@echo 'make test-live  the tests that ask the real crates.io'
	@echo 'make lint       ruff and mypy'
	@echo 'make bench      the figures that README quotes'
	@echo 'make scale      how whole commands grow from 100 to 1,000 repositories: the table of docs/scale.md'
	@echo 'make pictures   the pictures of README and the documentation, anew'
	@echo 'make lock       requirements/dev.txt anew from dev.in and pyproject.toml (UPGRADE=--upgrade: the newest of all)'
	@echo 'make clean      remove all that these commands made'

$(READY): requirements/dev.txt pyproject.toml
	@set -eu; \
	if ! $(BIN)/python -c '$(NEW_ENOUGH)' 2>/dev/null; then \
		found=; \
		for python in $(PYTHON); do \
			if "$$python" -c '$(NEW_ENOUGH)' 2>/dev/null; then found=$$python; break; fi; \
		done; \
		if [ -z "$$found" ]; then \
			echo 'error: no Python 3.11 or newer on PATH (looked for: $(PYTHON)). Install one, or name it: make PYTHON=/path/to/python' >&2; \
			exit 1; \
		fi; \
		echo "setting up $(VENV) with $$found"; \
		"$$found" -m venv --clear $(VENV); \
	fi
	$(PIP_INSTALL) --require-hashes --requirement requirements/dev.txt
	$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY)
	$(BIN)/python demo/incident.py
	$(BIN)/python demo/release.py

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	rm -rf .cache/coverage
	$(BIN)/coverage run $(PYTEST) -m 'not slow and not live'
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

test-slow: $(READY)
	tests/install-tools
	$(BIN)/python $(PYTEST) -m 'slow and not live'

test-live: $(READY)
	$(BIN)/python -m pytest -m live

pictures: $(READY)
	$(BIN)/python demo/pictures.py

bench: $(READY)
	@set -eu; for script in benchmarks/bench_*.py; do echo "$$script"; $(BIN)/python "$$script"; done

# Others with SCALE='--sizes 100,1000,10000 --commands check'.
scale: $(READY)
	$(BIN)/python benchmarks/scale.py $(SCALE)

# Without local wheels: their hashes would be nobody else's.
lock: $(READY)
	CUSTOM_COMPILE_COMMAND='make lock' PIP_FIND_LINKS= $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe \
		--strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host $(UPGRADE) \
		--output-file requirements/dev.txt pyproject.toml requirements/dev.in

clean:
	rm -rf $(VENV) .cache build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
