# The project's commands; `make` alone lists them. The first run makes its own environments below this
# folder, nothing outside it is written.
SHELL := bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PY := .venv/bin/python
DEV := .venv/.stamp
CLOUD := .local/venv/.stamp
NODE := node_modules/.stamp
STAGE ?= dev

# Which Node.js versions the CDK shall not warn about on every run; 20 still serves it well.
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 20
export JSII_RUNTIME_PACKAGE_CACHE_ROOT := $(CURDIR)/.local/cache/jsii
export PYTHONUTF8 := 1

.PHONY: demo test deep anyday up down reset rules bench unit lint fmt synth deploy lock openapi events diagram samples clean help setup preflight

demo: $(DEV) $(CLOUD) ## Start a local cloud, deploy, and walk three requests from check to determination
	@$(PY) -m local demo

test: $(DEV) $(CLOUD) $(NODE) ## Every check and every tier of tests
	@$(PY) -m tools.verify

deep: $(DEV) $(CLOUD) $(NODE) ## Search further than make test: more seeds, orders and generated inputs
	@$(PY) -m tools.verify --deep

anyday: $(DEV) $(CLOUD) $(NODE) ## Run the tests on days that differ, or on DAY=leap-day (needs libfaketime)
	@$(PY) -m tools.anyday $(DAY)

up: $(DEV) $(CLOUD) $(NODE) ## Start the local cloud, deploy to it, and leave it running
	@$(PY) -m local up $(if $(PORT),--port $(PORT))

down: $(DEV) $(CLOUD) ## Stop the local cloud that runs
	@$(PY) -m local down

reset: $(DEV) $(CLOUD) ## Forget the local cloud's data, once it is stopped
	@$(PY) -m local reset

rules: $(DEV) ## Each business rule with the tests that prove it
	@$(PY) -m tools.rules

bench: $(DEV) ## Count instructions of a check, calls of a dashboard page (valgrind; QUICK=1: few repetitions)
	@$(PY) -m bench $(if $(QUICK),--quick)

unit: $(DEV) ## The fast tiers alone: architecture, unit, property
	@$(PY) -m tools.verify architecture unit property

lint: $(DEV) ## Format, lint and types
	@$(PY) -m tools.verify format lint types

fmt: $(DEV) ## Format the code and mend what the linter can mend
	@$(PY) -m ruff check --fix-only --quiet .
	@$(PY) -m ruff format .

synth: $(DEV) ## Synthesize the CloudFormation template
	@$(PY) -m infra.app --stage $(STAGE)

deploy: $(DEV) $(NODE) ## Deploy to AWS with your own credentials: make deploy STAGE=dev
	@npx --no-install cdk deploy --all --context stage=$(STAGE)

openapi: $(DEV) ## Write docs/openapi.json and what changed in it anew from the models
	@$(PY) -m tools.openapi

events: $(DEV) ## Write docs/events anew from the event types
	@$(PY) -m tools.event_schemas

diagram: $(DEV) ## Draw the state machine and the tables anew
	@$(PY) -m tools.diagram

samples: $(DEV) ## Print the sample documents anew
	@$(PY) -m tools.samples

lock: $(DEV) ## Resolve requirements/*.in anew; newest versions with UPGRADE=1
	@tools/lock.sh $(if $(UPGRADE),--upgrade)

clean: ## Remove environments, caches and what was built; the local cloud's data too
	@if [ -x $(PY) ] && [ -d local ]; then $(PY) -m local reset >/dev/null 2>&1 || true; fi
	@rm -rf .venv .local node_modules cdk.out build .mypy_cache .ruff_cache .pytest_cache .hypothesis

setup: $(DEV) $(CLOUD) $(NODE) ## Make the environments only

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

preflight:
	@tools/preflight.sh

$(DEV): requirements/dev.txt | preflight
	@tools/setup.sh dev

$(CLOUD): requirements/cloud.txt | preflight $(DEV)
	@tools/setup.sh cloud

$(NODE): package-lock.json | preflight
	@tools/setup.sh node
