# Everything is one command. `make help` lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench lock

help: ## list these
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-6s  %s\n", $$1, $$2}'

setup: .venv/.ready ## make .venv from requirements.lock with a Python 3.11 or later that is here
	@:

.venv/.ready: requirements.lock pyproject.toml deploy/setup
	@deploy/setup

demo: setup ## see the system at work, on parts of its own: half a minute
	@.venv/bin/stoppoc demo

# Three at once on two cores: many tests wait for servers. Folder by folder: sorted by how many tests it has, as xdist
# would have it, a file of one long test comes last, and the other cores wait for it.
test: setup ## run all tests (those that need Apache Kafka are skipped, and say so, where it cannot be had)
	@.venv/bin/pytest -n 3 --dist loadfile --no-loadscope-reorder

check: setup ## format, lint, types, imports, rules covered, contracts: a minute or two, no servers
	@.venv/bin/ruff format --check --quiet .
	@.venv/bin/ruff check --quiet .
	@.venv/bin/mypy services shared deploy
	@.venv/bin/lint-imports --no-logo
	@.venv/bin/pytest --no-header -n 2 --cov --cov-report=term:skip-covered --cov-fail-under=100 $(wildcard tests/unit/*/)
	@.venv/bin/stoppoc contracts export --check
	@.venv/bin/stoppoc contracts check

bench: setup ## measure the engine, and Stop POC, beside their naive twins and their floors: ten minutes or so
	@.venv/bin/stoppoc bench engine
	@.venv/bin/stoppoc bench stop-poc

lock: setup ## write requirements.lock, and requirements.run.lock for the image, from pyproject.toml
	@.venv/bin/uv pip compile --quiet --generate-hashes --no-emit-index-url --universal --python-version 3.11 \
	    --extra dev pyproject.toml --output-file requirements.lock --custom-compile-command "make lock"
	@.venv/bin/uv pip compile --quiet --generate-hashes --no-emit-index-url --universal --python-version 3.11 \
	    --constraint requirements.lock pyproject.toml --output-file requirements.run.lock --custom-compile-command "make lock"
