# What can be done here: `make help`. Needs Python >= 3.11, a C++ compiler and cmake; everything else goes into .venv.

PYTHON ?= python3
ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
else
BIN := .venv/bin
endif

.DEFAULT_GOAL := help
.PHONY: help .venv demo test test-slow e2e lint types settings bench wheel vsix

help: ## this list
	@echo "make TARGET   (PYTHON=python3.12 chooses the interpreter that .venv is made from)"
	@sed -n 's/^\([.a-z0-9-]*\):.*## \(.*\)/  \1|\2/p' Makefile | awk -F'|' '{ printf "  %-11s %s\n", $$1, $$2 }'

.venv: ## install everything (the first time on a machine: 4 to 10 minutes of compiling)
	@$(PYTHON) scripts/setup_venv.py

demo: .venv ## the real server and the embedded model on real source files
	@$(BIN)/python examples/demo.py

test: .venv ## all tests that need no editor and no network, without the slow ones
	$(BIN)/python -m pytest -n logical --maxprocesses 4

test-slow: .venv ## the tests marked slow
	$(BIN)/python -m pytest -m slow

e2e: .venv ## the real editors, headless; fetches them into a folder outside of this one the first time (minutes)
	@$(BIN)/python scripts/run_e2e.py

lint: .venv ## style, format, the direction of imports, and what is generated from the settings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python scripts/generate_settings.py --check

types: .venv ## pyright, strict
	$(BIN)/pyright

settings: .venv ## the page about settings, and what editors are told of them
	$(BIN)/python scripts/generate_settings.py

# model_tables: for one model's card, not for this machine
BENCHMARKS := $(filter-out benchmarks/model_tables.py,$(shell grep -l __main__ benchmarks/*.py))
bench: .venv ## every benchmark: a table, then one JSON line
	$(if $(BENCHMARKS),,$(error benchmarks/ holds no script yet))
	@set -e; for script in $(BENCHMARKS); do echo "== $$script"; $(BIN)/python $$script; done

vsix: .venv ## editors/vscode/bytefim.vsix, with the server and the embedded model in it; needs Node.js 20 or newer
	@rm -rf editors/vscode/dist/server
	$(BIN)/python -m hatchling build -t wheel -d editors/vscode/dist/server
	cd editors/vscode && npm ci --no-audit --no-fund && npm run package

wheel: .venv ## dist/bytefim-*.whl, the embedded model included
	$(BIN)/python -m hatchling build -t wheel -d dist
