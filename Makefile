# The commands of this project; `make` lists them. They need make and Python 3.11 or newer. Everything else is installed
# in .venv, and only when a requirements file has changed; so is Node, where the machine has none that is recent enough.

VENV := .venv
BIN := $(VENV)/bin
RUN_STAMP := $(VENV)/.installed-local
STAMP := $(VENV)/.installed
CONSOLE := chalicelib/console/index.html
CONSOLE_SOURCES = $(shell find console \( -name node_modules -o -name build -o -name schema.d.ts \) -prune -o -type f -print) \
	$(wildcard chalicelib/api/openapi*.py)
PACKAGES := asl chalicelib compiler stepfunctions localcloud rehearsal infrastructure plugin_manager admin
ARGS ?=
STAGE ?= dev
API ?= cdk
export PATH := $(CURDIR)/$(VENV)/node/bin:$(PATH)
# Deployment tools find the project's own Python first.
CDK = PATH="$(CURDIR)/$(BIN):$$PATH" node_modules/.bin/cdk

.DEFAULT_GOAL := help
.PHONY: help setup node run console reset add remove plugins recipe check test clients lint templates typecheck format bench bootstrap deploy diff cdk logs destroy lock audit clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## install the pinned packages in .venv (every other command does this too)
	@$(BIN)/python -m infrastructure.node || echo "Without Node, everything works except deployment and building the console." >&2

node: $(RUN_STAMP)
	@$(BIN)/python -m infrastructure.node

run: $(RUN_STAMP) $(CONSOLE) ## serve the API and the AWS APIs on this machine (PORT=8000, AWS_PORT=PORT+1, IAM=warn)
	@exec $(BIN)/python -m localcloud run

console: $(RUN_STAMP) ## build the web console into chalicelib/console (run, test and deploy do this when its sources have changed)
	@console/build.sh "$(CURDIR)/$(BIN)/python"

reset: $(RUN_STAMP) ## forget what `make run` has kept: users, secrets, tables, buckets, schedules, runs
	@$(BIN)/python -m localcloud reset

add: $(RUN_STAMP) ## require a package for your functions, pin and install it (PACKAGE=inflection, PACKAGE='a b>=2')
	@$(BIN)/python -m infrastructure.requirements add
	@touch $(RUN_STAMP)

remove: $(RUN_STAMP) ## no longer require a package (PACKAGE=inflection)
	@$(BIN)/python -m infrastructure.requirements remove
	@touch $(RUN_STAMP)

plugins: $(RUN_STAMP) ## fetch the plugins of config.json (ARGS="--update NAME", --frozen, --yes)
	@$(BIN)/python -m plugin_manager $(ARGS)

# From the command line only: some systems set NAME in the environment to the name of the machine.
recipe: $(RUN_STAMP) ## copy a recipe of docs/cookbook into the project (NAME=saga), or list them
	@$(BIN)/python -m admin.recipes $(if $(filter command,$(firstword $(origin NAME))),'$(NAME)')

# Every part runs, so that all mistakes are shown at once. Exit code 5 of pytest: there are no tests.
check: $(STAMP) ## check your own code in seconds: flows, functions, permissions, stages, and the tests in tests/own
	@$(BIN)/python -m plugin_manager --if-needed
	@failed=0; \
	$(BIN)/python -m compiler check || failed=1; \
	$(BIN)/python -m infrastructure.check || failed=1; \
	if [ -d tests/own ]; then $(BIN)/python -m pytest tests/own $(ARGS) || [ $$? -eq 5 ] || failed=1; fi; \
	exit $$failed

test: $(STAMP) $(CONSOLE) ## run the tests of the framework (some: ARGS="tests/asl -k jsonata"; PLUGINS=1: also those of plugins)
	@$(MAKE) --no-print-directory node_modules/.installed || echo "Skipping tests that need the CDK command line." >&2
	@[ ! -e $(CONSOLE) ] || console/build.sh "$(CURDIR)/$(BIN)/python" test
	@# A process runs whole files, so that what a file's tests share is set up once; conftest.py puts long files first.
	@$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder $(ARGS)
	@$(if $(PLUGINS),$(BIN)/python -m plugin_manager --if-needed && $(BIN)/python -m plugin_manager --test)

# Each in an environment of its own: their packages don't fit beside each other.
clients: $(STAMP) ## install programs that use the API, for tests that are skipped without them (MCP's SDKs, a client generator)
	@for client in mcp-1=mcp==1.30.0 mcp-2=mcp==2.3.0 openapi-python-client=openapi-python-client==0.29.1; do \
		folder=$(VENV)/clients/$${client%%=*}; \
		[ -x $$folder/bin/python ] || $(BIN)/python -m venv $$folder; \
		$$folder/bin/python -m pip install --quiet --disable-pip-version-check "$${client#*=}" || exit 1; \
	done

lint: $(STAMP) ## check style, formatting and import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@# import-linter accepts only packages as roots, so app.py is presented as one. It cannot leave out folders, so it
	@# sees chalicelib without the user's functions, which import what they need.
	@rm -rf .import_linter_cache/app .import_linter_cache/chalicelib
	@mkdir -p .import_linter_cache/app .import_linter_cache/chalicelib
	@ln -s ../../app.py .import_linter_cache/app/__init__.py
	@for entry in chalicelib/*; do \
		[ $$entry = chalicelib/lib ] || ln -s "../../$$entry" .import_linter_cache/chalicelib/; \
	done
	@cd .import_linter_cache && PYTHONPATH="$(CURDIR):$(CURDIR)/client/src" "$(CURDIR)/$(BIN)/lint-imports" --config ../pyproject.toml
	@console/build.sh "$(CURDIR)/$(BIN)/python" types lint

templates: $(STAMP) $(VENV)/lint/bin/checkov node ## check the templates of your stages with cfn-lint, checkov and cdk-nag
	@$(BIN)/python -m infrastructure.linting

typecheck: $(STAMP) ## check types, strictly
	@$(BIN)/mypy $(PACKAGES:%=-p %) -p sdw_client -m app
	@console/build.sh "$(CURDIR)/$(BIN)/python" types typecheck

format: $(STAMP) ## format the code and apply automatic fixes
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(STAMP) ## run the benchmarks of docs/benchmarks.md
	@set -e; for benchmark in benchmarks/[a-z]*.py; do $(BIN)/python "$$benchmark" $(ARGS); done

bootstrap: $(STAMP) node_modules/.installed ## prepare an AWS account for deployments with rights over this project only
	@# In a folder without an app, which CDK would synthesise.
	@options=$$($(BIN)/python -m infrastructure.bootstrap) && cd node_modules && PATH="$(CURDIR)/$(BIN):$$PATH" .bin/cdk bootstrap $$options $(ARGS)

deploy: $(STAMP) node_modules/.installed $(CONSOLE) ## deploy a stage to AWS (STAGE=dev; API=chalice: API and functions with `chalice deploy`)
	@$(BIN)/python -m infrastructure.preflight --stage $(STAGE) --api $(API) --deploying
	@$(BIN)/python -m infrastructure.kept_data --stage $(STAGE)
	@$(BIN)/python -m infrastructure.portions --stage $(STAGE) --api $(API) -- $(ARGS)
	@$(CDK) deploy -c stage=$(STAGE) -c api=$(API) $(ARGS)
	@$(BIN)/python -m infrastructure.groups --stage $(STAGE)
	@if [ "$(API)" = chalice ]; then \
		$(BIN)/python -m infrastructure.chalice_config --stage $(STAGE) && \
		$(BIN)/chalice deploy --stage $(STAGE) && \
		$(BIN)/python -m infrastructure.api_stage --stage $(STAGE); \
	fi
	@$(BIN)/python -m infrastructure.versions --stage $(STAGE) || echo "The deployment is complete." >&2

diff: $(STAMP) node_modules/.installed ## show what a deployment would change (STAGE=dev)
	@$(BIN)/python -m infrastructure.preflight --stage $(STAGE) --api $(API)
	@$(CDK) diff -c stage=$(STAGE) -c api=$(API) $(ARGS)

cdk: $(STAMP) node_modules/.installed ## run CDK's own command line (ARGS="bootstrap aws://ACCOUNT/REGION")
	@$(CDK) $(ARGS)

logs: $(STAMP) ## follow a stage's logs, or print one run's (STAGE=dev, RUN=<id>, ARGS="--name orderFlow"; STAGE=local: `make run`)
	@$(BIN)/python -m infrastructure.logs $(if $(RUN),--run '$(RUN)',--follow) --stage $(STAGE) $(ARGS)

destroy: $(STAMP) node_modules/.installed ## remove a stage from AWS (STAGE=dev); asks first if its data is kept
	@$(BIN)/python -m infrastructure.destroy --stage $(STAGE)
	@if [ -f .chalice/deployed/$(STAGE).json ]; then $(BIN)/chalice delete --stage $(STAGE); fi
	@$(BIN)/python -m infrastructure.portions --stage $(STAGE) --api chalice --removing -- --require-approval never
	@$(CDK) destroy --force -c stage=$(STAGE) -c api=chalice $(ARGS)

lock: $(STAMP) ## pin what requirements*.in ask for and nothing pins yet (UPGRADE=1: also move all pins to the newest)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check pip-tools
	@for name in requirements requirements-local requirements-dev requirements-audit requirements-lint requirements-node; do \
		$(BIN)/python -m piptools compile --quiet $(if $(UPGRADE),--upgrade) --no-annotate --no-header --allow-unsafe --no-emit-index-url --no-emit-find-links \
			--no-strip-extras --output-file $$name.txt $$name.in || exit 1; \
	done
	@# The framework's tests have a copy, which stays as it is once you require packages of your own.
	@! cmp -s requirements.in tests/project/requirements.in || \
		cp requirements.txt requirements-local.txt requirements-dev.txt tests/project/

audit: $(STAMP) node ## look for known vulnerabilities and unsafe code, and write an SBOM to sbom.json
	@test -x $(VENV)/audit/bin/bandit -a $(VENV)/audit -nt requirements-audit.txt || \
		{ python3 -m venv $(VENV)/audit && $(VENV)/audit/bin/pip install --quiet --disable-pip-version-check -r requirements-audit.txt && touch $(VENV)/audit; }
	@$(VENV)/audit/bin/bandit --quiet --configfile pyproject.toml --recursive $(PACKAGES) client/src app.py
	@$(VENV)/audit/bin/pip-audit --requirement requirements-dev.txt --no-deps --disable-pip
	@npm audit --package-lock-only
	@$(VENV)/audit/bin/cyclonedx-py requirements requirements.txt --output-file sbom.json

$(VENV)/lint/bin/checkov: requirements-lint.txt
	@$(BIN)/python -m venv $(VENV)/lint && $(VENV)/lint/bin/pip install --quiet --disable-pip-version-check -r requirements-lint.txt && touch $@

clean: ## remove everything that was generated, including .venv
	@rm -rf $(VENV) sbom.json .localcloud .plugins .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .grimp_cache .hypothesis
	@rm -rf cdk.out chalice.out .chalice/deployments chalicelib/catalog.json chalicelib/catalog_details.json
	@rm -rf chalicelib/console console/build console/node_modules client/build
	@find . -name node_modules -prune -o -name __pycache__ -type d -print0 | xargs -0 rm -rf

# The API also runs without the console: where its packages can't be fetched, nothing else fails.
$(CONSOLE): $(CONSOLE_SOURCES) | $(RUN_STAMP)
	@echo "Building the console ..."
	@mkdir -p console/build
	@console/build.sh "$(CURDIR)/$(BIN)/python" 2>console/build/errors.txt || \
		echo "The console can't be built (see console/build/errors.txt); continuing without. \`make console\` tries again." >&2

# Use the Python in PYTHON=..., or else the first one that is recent enough.
$(RUN_STAMP): requirements.in requirements.txt requirements-local.txt
	@if [ ! -w . ]; then echo "Cannot write to $(CURDIR): make it writable for you, or clone to another folder" >&2; exit 1; fi
	@for python in $(or $(PYTHON),python3 python3.13 python3.12 python3.11); do \
		if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found="$$python"; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "Python 3.11 or newer is required: install it, or run make PYTHON=/path/to/python3" >&2; exit 1; \
	fi; \
	$(BIN)/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ rm -rf $(VENV); "$$found" -m venv $(VENV); } || exit 1; \
	echo "Installing into $(VENV) ..."; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-local.txt -r requirements.txt && \
	$(BIN)/python -m infrastructure.requirements pin && touch $(RUN_STAMP)

$(STAMP): $(RUN_STAMP) requirements-dev.txt
	@echo "Installing the packages for tests, checks and deployment ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt && touch $(STAMP)

node_modules/.installed: package-lock.json | node
	@npm ci --ignore-scripts --no-audit --no-fund --silent && touch $@
