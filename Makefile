# Every target works as the first command on a fresh machine with Python >= 3.11, make and git.
.DEFAULT_GOAL := help
SHELL := /bin/bash
export SAM_CLI_TELEMETRY := 0
export AWS_DEFAULT_REGION ?= us-east-1
# The layer, from source, for what runs outside Lambda.
export PYTHONPATH := $(CURDIR)/layers/common

UV := .tools/uv/bin/uv
RUN := .venv/bin
# Isolated: sam pins its own boto3 and click. It also ships AWS's Runtime Interface Emulator.
SAM_VERSION := 1.170.0
SAM := $(CURDIR)/$(UV) tool run --quiet --from aws-sam-cli==$(SAM_VERSION) sam
PATHS := functions layers/common/syncro_quickbooks emulators local benchmarks tests
MACHINE := $(if $(filter aarch64 arm64,$(shell uname -m)),arm64,x86_64)

.PHONY: help demo local test mutants ten-thousand check lint format types imports requirements requirements-check schemas poll-reads alarms openapi openapi-check validate build rie bench clean

help: ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 22

.venv/.complete: pyproject.toml uv.lock .python-version local/bootstrap.sh
	@local/bootstrap.sh

demo: .venv/.complete ## Bring the stack up, push invoices to QuickBooks, show the books before and after
	@$(RUN)/python -m local.demo

local: .venv/.complete ## Keep the stack up until Ctrl-C and print its addresses
	@$(RUN)/python -m local.stack

test: .venv/.complete ## All tests
	@$(RUN)/pytest -q -n auto --dist loadgroup

mutants: .venv/.complete ## Break the core on purpose, rule by rule: the simulation must notice each (4 minutes)
	@$(RUN)/python -m tests.simulation.mutants


.PHONY: simulate
simulate: .venv/.complete ## Histories by seed, SEEDS=0-1999; one seed alone is told: SEEDS=1234
	@PYTHONPATH=.:layers/common $(RUN)/python -m tests.simulation.engine $(SEEDS)
SEEDS ?= 0-1999
