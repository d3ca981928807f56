# The verbs of this project. `make` alone lists them. Needs make and Python 3.11 or newer; everything else is installed
# into .venv when a requirements file has changed, and at no other time.

VENV := .venv
BIN := $(VENV)/bin
RUN_STAMP := $(VENV)/.installed-local
STAMP := $(VENV)/.installed
PACKAGES := asl chalicelib compiler stepfunctions localcloud rehearsal infrastructure plugin_manager admin
ARGS ?=
STAGE ?= dev
API ?= cdk
# The tools of a deployment see the project's own Python first.
CDK = PATH="$(CURDIR)/$(BIN):$$PATH" node_modules/.bin/cdk

.DEFAULT_GOAL := help
.PHONY: help setup run reset plugins test lint typecheck format bench deploy diff logs destroy lock clean

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## install what is pinned into .venv (every other verb does it too)
	@:

run: $(RUN_STAMP) ## serve the API and the AWS APIs on this machine (PORT=8000, AWS_PORT=PORT+1)
	@exec $(BIN)/python -m localcloud run

reset: $(RUN_STAMP) ## forget what `make run` has kept: users, secrets, tables, buckets, schedules, runs
	@$(BIN)/python -m localcloud reset

plugins: $(RUN_STAMP) ## fetch the plugins of config.json (ARGS="--update NAME", --frozen, --yes)
	@$(BIN)/python -m plugin_manager $(ARGS)

test: $(STAMP) ## run all tests (ARGS="tests/asl -k jsonata" for some; PLUGINS=1: those of plugins as well)
	@$(BIN)/python -m plugin_manager --if-needed
	@$(BIN)/python -m compiler check
	@if command -v npm >/dev/null; then \
		$(MAKE) --no-print-directory node_modules/.installed || echo "Tests that need CDK's command line are skipped." >&2; \
	fi
	@$(BIN)/python -m pytest -n auto $(ARGS)
	@$(if $(PLUGINS),$(BIN)/python -m plugin_manager --test)

lint: $(STAMP) ## check style, formatting and the directions of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@# import-linter takes packages alone as roots, so it sees app.py as one.
	@mkdir -p .import_linter_cache/app && ln -sf ../../app.py .import_linter_cache/app/__init__.py
	@cd .import_linter_cache && PYTHONPATH="$(CURDIR)" "$(CURDIR)/$(BIN)/lint-imports" --config ../pyproject.toml

typecheck: $(STAMP) ## check types, strictly
	@$(BIN)/mypy $(PACKAGES:%=-p %) -m app

format: $(STAMP) ## format the code and mend what can be mended
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(STAMP) ## measure what docs/benchmarks.md claims
	@set -e; for benchmark in benchmarks/[a-z]*.py; do $(BIN)/python "$$benchmark" $(ARGS); done

deploy: $(STAMP) node_modules/.installed ## deploy a stage to AWS (STAGE=dev; API=chalice: API and functions by `chalice deploy`)
	@options=$$($(BIN)/python -m infrastructure.preflight --stage $(STAGE) --api $(API) --deploying) && \
	$(CDK) deploy $$options -c stage=$(STAGE) -c api=$(API) $(ARGS)
	@if [ "$(API)" = chalice ]; then \
		$(BIN)/python -m infrastructure.chalice_config --stage $(STAGE) && \
		$(BIN)/chalice deploy --stage $(STAGE) && \
		$(BIN)/python -m infrastructure.api_stage --stage $(STAGE); \
	fi

diff: $(STAMP) node_modules/.installed ## show what a deployment would change (STAGE=dev)
	@$(BIN)/python -m infrastructure.preflight --stage $(STAGE) --api $(API)
	@$(CDK) diff -c stage=$(STAGE) -c api=$(API) $(ARGS)

logs: $(STAMP) ## follow a stage's logs (STAGE=dev, ARGS="--name orderFlow")
	@$(BIN)/python -m infrastructure.logs --follow --stage $(STAGE) $(ARGS)

destroy: $(STAMP) node_modules/.installed ## remove a stage from AWS (STAGE=dev); asks first where data is kept
	@$(BIN)/python -m infrastructure.destroy --stage $(STAGE)
	@if [ -f .chalice/deployed/$(STAGE).json ]; then $(BIN)/chalice delete --stage $(STAGE); fi
	@$(CDK) destroy --force -c stage=$(STAGE) -c api=chalice $(ARGS)

lock: $(STAMP) ## pin anew what requirements*.in ask for
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check pip-tools
	@for name in requirements requirements-local requirements-dev; do \
		$(BIN)/python -m piptools compile --quiet --upgrade --no-annotate --no-header --allow-unsafe --no-emit-index-url --no-emit-find-links \
			--no-strip-extras --output-file $$name.txt $$name.in || exit 1; \
	done

clean: ## remove everything that was generated, .venv included
	@rm -rf $(VENV) .localcloud .plugins .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .grimp_cache .hypothesis
	@rm -rf cdk.out chalice.out .chalice/deployments chalicelib/catalog.json chalicelib/console
	@find . -name node_modules -prune -o -name __pycache__ -type d -print0 | xargs -0 rm -rf

# `PYTHON=...` says which, and no other will do; without it the first that is new enough.
$(RUN_STAMP): requirements-local.txt
	@if [ ! -w . ]; then echo "Cannot write to $(CURDIR): make it writable for you, or clone to another folder" >&2; exit 1; fi
	@for python in $(or $(PYTHON),python3 python3.13 python3.12 python3.11); do \
		if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found="$$python"; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "Python 3.11 or newer is needed: install it, or say where it is: make PYTHON=/path/to/python3" >&2; exit 1; \
	fi; \
	$(BIN)/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ rm -rf $(VENV); "$$found" -m venv $(VENV); } || exit 1; \
	echo "Installing into $(VENV) ..."; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-local.txt && touch $(RUN_STAMP)

$(STAMP): $(RUN_STAMP) requirements-dev.txt
	@echo "Installing what tests, checks and deployment need ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt && touch $(STAMP)

node_modules/.installed: package-lock.json
	@command -v npm >/dev/null || { echo "Node is missing: install Node 20 or newer, which CDK runs on" >&2; exit 1; }
	@npm ci --ignore-scripts --no-audit --no-fund --silent && touch $@
