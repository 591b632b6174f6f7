# Two commands do everything: `make demo` (the main job) and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := .make/installed

# Compiled modules are kept, or every command would compile the project anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo check test test-all lint docs bench faults clean

help: ## List what can be done
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PYTHON=python3.12 demo")'
	@$(PYTHON) -m venv $(VENV) || (echo "venv is missing: install Debian's package python3-venv" && false)
	@echo "Installing into $(VENV) (about a minute, once) ..."
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@echo "Preparing the standard (seconds, once) ..."
	@$(BIN)/clearing-point standard prepare >/dev/null
	@mkdir -p .make && touch $(STAMP)

demo: $(STAMP) ## Made submissions of three territories, through the whole path, to a built annual report
	@$(BIN)/clearing-point demo

check: $(STAMP) ## The loop of a developer: style, types, the standard, quick tests of modules (CONTRIBUTING.md)
	@$(BIN)/ruff check -q .
	@$(BIN)/ruff format -q --check .
	@$(BIN)/mypy
	@$(BIN)/clearing-point standard check
	@$(BIN)/python -m pytest -n auto --dist loadfile -m "not nightly" tests/unit tests/contract/test_layers.py \
		tests/contract/test_rules.py tests/contract/test_nightly.py tests/docs/test_plain_words.py

test: $(STAMP) ## Lint, types and all tests
	@$(BIN)/ruff check -q .
	@$(BIN)/ruff format -q --check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder -m "not nightly"

test-all: test ## The tests, and those marked nightly: campaigns, the whole demonstration, all languages
	@$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder -m nightly

lint: $(STAMP) ## Style and types only
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

docs: $(STAMP) ## The documentation as a site, in .make/site
	@$(BIN)/mkdocs build --strict
	@echo "Open .make/site/index.html"

bench: $(STAMP) ## Speed against hand-written floors and other tools in the same run
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e ".[bench]"
	@test -d data/demo/warehouse || $(BIN)/clearing-point demo --full
	@for file in tests/benchmarks/bench_*.py; do name=$$(basename $$file .py); echo "== $$name"; \
		$(BIN)/python -m tests.benchmarks.$$name || exit 1; done

faults: $(STAMP) ## Kills, damage, full disks, hostile files and fuzzing, modest counts (docs/reliability.md)
	@$(BIN)/python -m tests.faults.kill 90
	@$(BIN)/python -m tests.faults.damage 50
	@$(BIN)/python -m tests.faults.disk 8
	@$(BIN)/python -m tests.faults.hostile
	@$(BIN)/python -m tests.faults.fuzz 2000

clean: ## Remove what was made here; received data under data/ stay
	@rm -rf $(VENV) .make .pytest_cache .mypy_cache .ruff_cache .hypothesis
