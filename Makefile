# Four words and a newcomer works: make demo, make test, make check, make help.
# Everything is installed from the versions in locks/ into .venv; nothing outside this folder is touched.

PYTHON ?= python3
BIN := .venv/bin
PEERS := .venv-peers/bin
TREES := $(wildcard src tests bench checker evidence scripts)
PIP_INSTALL = -m pip install --quiet --disable-pip-version-check --require-hashes
EDITABLE = -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
PYTEST_ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help install demo test check format lint types layers docs bench evidence lock clean

help:
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

install: .venv/core ## set up .venv with the locked core
	@true

demo: .venv/core ## what each megawatt of the shipped mine did and should have done, offline
	@mkdir -p out
	@test -f out/texas-mine.toml || $(BIN)/megawatt init texas-mine --to out/texas-mine.toml
	$(BIN)/megawatt decide out/texas-mine.toml --report out/texas-mine.html
	@echo "The report is out/texas-mine.html: open it in a browser."

test: .venv/dev ## the tests, a seeded sample of every family
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal $(PYTEST_ARGS)

# The tests come last: their summary line is the last line that a run prints.
check: .venv/dev ## format, lint, types, layers, documents, tests: the whole truth
	@$(MAKE) --no-print-directory format lint types layers docs
	@$(MAKE) --no-print-directory test

format: .venv/dev
	$(BIN)/ruff format --check $(TREES)

lint: .venv/dev
	$(BIN)/ruff check $(TREES)

types: .venv/dev
	$(BIN)/mypy $(TREES)

layers: .venv/dev
	$(BIN)/lint-imports

docs: .venv/dev ## the documentation as a site in site-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

bench: .venv-peers/stamp ## ratios against other solvers and libraries, in one run
	$(PEERS)/python -m bench.run

evidence: .venv/dev ## every bar in full, resumable; writes docs/evidence
	$(BIN)/python -m evidence.run

lock: .venv-lock/bin/uv ## choose new versions and write them to locks
	locks/compile $<

clean: ## remove what make has made
	rm -rf .venv .venv-peers .venv-lock site-docs out

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "megawatt needs Python 3.11 or later, $(PYTHON) is older. Name another: make PYTHON=python3.12 demo"; exit 2; }
	$(PYTHON) -m venv .venv || { rm -rf .venv; exit 2; }

.venv/core: .venv/bin/python locks/core.txt pyproject.toml
	$(BIN)/python $(PIP_INSTALL) --requirement locks/core.txt
	$(BIN)/python $(EDITABLE)
	@touch $@

.venv/dev: .venv/core locks/dev.txt
	$(BIN)/python $(PIP_INSTALL) --requirement locks/dev.txt
	@touch $@

.venv-peers/stamp: .venv/bin/python locks/peers.txt pyproject.toml
	$(BIN)/python -m venv .venv-peers
	$(PEERS)/python $(PIP_INSTALL) --requirement locks/peers.txt
	$(PEERS)/python $(EDITABLE)
	@touch $@

.venv-lock/bin/uv: | .venv/bin/python
	$(BIN)/python -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet --disable-pip-version-check uv
