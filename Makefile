# The project's commands; `make` lists them. The first run creates the environments below this folder and
# writes nothing outside it.
SHELL := bash
.DEFAULT_GOAL := help
# The environments are created side by side; each other target has one recipe.
MAKEFLAGS += --no-print-directory --jobs=3

PY := .venv/bin/python
INSTALLER := .venv/.installer
DEV := .venv/.stamp
CLOUD := .local/venv/.stamp
NODE := node_modules/.stamp
PORTAL := portal/node_modules/.stamp
STAGE ?= dev

# The CDK warns about Node.js 20 on every run although it works with it.
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 20
export JSII_RUNTIME_PACKAGE_CACHE_ROOT := $(CURDIR)/.local/cache/jsii
export PYTHONUTF8 := 1
# Container images often set it: each of hundreds of processes would compile the CDK and boto3 again.
unexport PYTHONDONTWRITEBYTECODE
# Programs that call make again would be warned that its jobs are not theirs.
unexport MAKEFLAGS

.PHONY: demo test deep anyday up down reset rules bench cost figures unit lint fmt synth deploy lock openapi events diagram samples screenshots clean help setup preflight

demo: $(DEV) $(CLOUD) ## Start a local cloud, deploy, and run three requests from check to determination
	@$(PY) -m local demo

test: $(DEV) ## Run all checks and all tiers of tests
	@$(PY) -m tools.verify --setup

deep: $(DEV) $(CLOUD) $(NODE) $(PORTAL) ## Search further than make test: more seeds, orders and generated inputs
	@$(PY) -m tools.verify --deep

anyday: $(DEV) $(CLOUD) $(NODE) $(PORTAL) ## Run the tests with other system dates, or with DAY=leap-day (needs libfaketime)
	@$(PY) -m tools.anyday $(DAY)

up: $(DEV) $(CLOUD) $(NODE) $(PORTAL) ## Build the portal, start the local cloud, deploy, and leave it running
	@$(PY) -m local up $(if $(PORT),--port $(PORT)) $(if $(PORTAL_PORT),--portal-port $(PORTAL_PORT))

down: $(DEV) $(CLOUD) ## Stop the running local cloud
	@$(PY) -m local down

reset: $(DEV) $(CLOUD) ## Delete the local cloud's data, once it is stopped
	@$(PY) -m local reset

rules: $(DEV) ## List each business rule with the tests that prove it
	@$(PY) -m tools.rules

bench: $(DEV) ## Count instructions of a check, calls of a dashboard page (valgrind; QUICK=1: few repetitions)
	@$(PY) -m bench $(if $(QUICK),--quick)

cost: $(DEV) ## Count and price requests and an idle month: docs/cost.md (MEASURE=1: measure durations too)
	@$(PY) -m bench.cost $(if $(MEASURE),--measure)

figures: $(DEV) $(CLOUD) $(NODE) $(PORTAL) ## Measure each screen of the portal: docs/portal-figures.md (Chromium; RESUME=1: continue)
	@$(PY) -m bench.portal $(if $(RESUME),--resume)

unit: $(DEV) ## Run only the fast tiers: architecture, unit, property
	@$(PY) -m tools.verify architecture unit property

lint: $(DEV) ## Check format, lint and types
	@$(PY) -m tools.verify format lint types

fmt: $(DEV) ## Format the code and apply the linter's fixes
	@$(PY) -m ruff check --fix-only --quiet .
	@$(PY) -m ruff format .

synth: $(DEV) $(PORTAL) ## Build the portal and synthesize the CloudFormation template
	@$(PY) -m tools.portal_build
	@$(PY) -m infra.app --stage $(STAGE)

deploy: $(DEV) $(NODE) $(PORTAL) ## Show the changes, confirm, and deploy to AWS: make deploy STAGE=dev (YES=1: without a prompt)
	@$(PY) -m tools.deploy --stage $(STAGE) $(if $(YES),--yes)

openapi: $(DEV) ## Regenerate docs/openapi.json and the API changelog from the operations
	@$(PY) -m tools.openapi

events: $(DEV) ## Regenerate docs/events from the event types
	@$(PY) -m tools.event_schemas

diagram: $(DEV) ## Regenerate the diagrams of the state machine and the tables
	@$(PY) -m tools.diagram

samples: $(DEV) ## Regenerate the sample documents
	@$(PY) -m tools.samples

screenshots: $(DEV) $(CLOUD) $(NODE) $(PORTAL) ## Renew the pictures of the portal (needs Chromium)
	@PRECERT_SCREENSHOTS=1 $(PY) -m pytest --quiet tests/browser/test_screenshots.py

lock: $(DEV) ## Resolve requirements/*.in again; newest versions with UPGRADE=1
	@tools/lock.sh $(if $(UPGRADE),--upgrade)

clean: ## Delete environments, caches, build output and the local cloud's data
	@if [ -x $(PY) ] && [ -d local ]; then $(PY) -m local reset >/dev/null 2>&1 || true; fi
	@rm -rf .venv .local node_modules portal/node_modules portal/dist portal/src/api/schema.ts cdk.out build .mypy_cache .ruff_cache .pytest_cache .hypothesis

setup: $(DEV) $(CLOUD) $(NODE) $(PORTAL) ## Create the environments only

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

preflight:
	@tools/preflight.sh

$(INSTALLER): requirements/dev.txt | preflight
	@tools/setup.sh installer

$(DEV): requirements/dev.txt | $(INSTALLER)
	@tools/setup.sh dev

$(CLOUD): requirements/cloud.txt | $(INSTALLER)
	@tools/setup.sh cloud

$(NODE): package-lock.json | preflight
	@tools/setup.sh node

$(PORTAL): portal/package-lock.json | preflight
	@tools/setup.sh portal
