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

.PHONY: help demo local event test mutants ten-thousand check lint format types imports requirements requirements-check schemas poll-reads alarms openapi openapi-check validate build rie bench clean

help: ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 22

.venv/.complete: pyproject.toml uv.lock .python-version local/bootstrap.sh
	@local/bootstrap.sh

demo: .venv/.complete ## Bring the stack up, tell it a story in events, show the books before and after
	@$(RUN)/python -m local.demo

local: .venv/.complete ## Keep the stack up until Ctrl-C and print its addresses
	@$(RUN)/python -m local.stack

event: .venv/.complete ## Send the running local stack one of Syncro's events: EVENT=invoice_created
	@$(RUN)/python -m local.send $(EVENT)

test: .venv/.complete ## All tests (7 minutes on two cores)
	@$(RUN)/pytest -q -n auto --dist loadgroup

mutants: .venv/.complete ## Break the core on purpose, rule by rule: tests and histories must notice each (10 minutes)
	@$(RUN)/python -m tests.simulation.mutants $(ONLY)

ten-thousand: .venv/.complete ## Import 10,000 customers, export 10,000 products, killed twice: the figures (5 minutes)
	@$(RUN)/python -m tests.simulation.ten_thousand 2>/dev/null | grep -v '^{'

.PHONY: load
load: .venv/.complete ## Month end of 10,000 invoices beside 200 accounts, outage, throttling, poison: the figures (5 minutes)
	@PYTHONPATH=.:layers/common $(RUN)/python -m tests.simulation.load .local/load.json

.PHONY: simulate
simulate: .venv/.complete ## Random histories, SEEDS=0-1999; one seed alone is told step by step: SEEDS=1234
	@PYTHONPATH=.:layers/common $(RUN)/python -m tests.simulation.engine $(SEEDS)
SEEDS ?= 0-1999

check: lint types imports requirements-check openapi-check validate test ## Everything but the build

lint: .venv/.complete ## Style and formatting
	$(RUN)/ruff check $(PATHS)
	$(RUN)/ruff format --check $(PATHS)

format: .venv/.complete ## Mend style and formatting
	$(RUN)/ruff check --fix $(PATHS)
	$(RUN)/ruff format $(PATHS)

types: .venv/.complete ## mypy, strict
	$(RUN)/mypy
	$(RUN)/mypy functions local emulators tests benchmarks

imports: .venv/.complete ## Which package may import which, and declared dependencies
	PYTHONPATH=.:layers/common $(RUN)/lint-imports
	$(RUN)/deptry functions layers/common

requirements: .venv/.complete ## Write the layer's requirements from uv.lock
	$(UV) export --frozen --no-dev --no-emit-project --no-header --quiet -o layers/common/requirements.txt

requirements-check: .venv/.complete ## uv.lock fits pyproject.toml, the layer's requirements fit uv.lock
	$(UV) lock --check --quiet
	@$(UV) export --frozen --no-dev --no-emit-project --no-header --quiet | diff -u layers/common/requirements.txt - \
	  || { echo "layers/common/requirements.txt is out of step with uv.lock: run 'make requirements'" >&2; exit 1; }

schemas: .venv/.complete ## Write the events' JSON Schemas into docs/events and template.yaml
	$(RUN)/python -m local.schemas

openapi: .venv/.complete ## Write the API's OpenAPI document into docs/api
	$(RUN)/python -m local.openapi docs/api/openapi.json

openapi-check: .venv/.complete ## docs/api/openapi.json is what the routes say
	@$(RUN)/python -m local.openapi | diff -u docs/api/openapi.json - \
	  || { echo "docs/api/openapi.json is out of step with the routes: run 'make openapi'" >&2; exit 1; }

poll-reads: .venv/.complete ## What 1,000 accounts that import payments read of QuickBooks in a month
	@$(RUN)/python -m local.poll_reads

alarms: .venv/.complete ## Write the alarms of every function and dead-letter queue into template.yaml
	$(RUN)/python -m local.alarms

validate: .venv/.complete ## cfn-lint and sam validate
	$(RUN)/cfn-lint template.yaml
	$(SAM) validate --lint

build: .venv/.complete ## sam build, without containers; ARCH=arm64 or x86_64
	@test -x $(RUN)/python3.13 || { echo "make build needs Python 3.13, the Lambda runtime's version: install it, remove .venv and try again" >&2; exit 1; }
	PATH="$(CURDIR)/$(RUN):$(CURDIR)/$(dir $(UV)):$$PATH" LAMBDA_PLATFORM=$(if $(filter x86_64,$(ARCH)),x86_64,aarch64)-manylinux_2_28 \
	  $(SAM) build --parameter-overrides Architecture=$(ARCH) --build-dir .aws-sam/$(ARCH)
ARCH ?= arm64

# A Python with Lambda's runtime client and nothing else.
.tools/runtime/.complete: .venv/.complete
	@$(UV) venv --quiet --clear --python $(RUN)/python .tools/runtime
	@$(UV) pip install --quiet --python .tools/runtime awslambdaric==4.2.2
	@touch $@

rie: .tools/runtime/.complete ## Build for this machine, run every function on AWS's Runtime Interface Emulator
	@$(MAKE) --no-print-directory build ARCH=$(MACHINE)
	@RIE_PYTHON="$(CURDIR)/.tools/runtime/bin/python" RIE_BINARY="$$($(SAM_PYTHON) -c '$(FIND_RIE)')" $(RUN)/python -m local.rie .aws-sam/$(MACHINE)
SAM_PYTHON := $(UV) tool run --quiet --from aws-sam-cli==$(SAM_VERSION) python
FIND_RIE := import pathlib, samcli; print(pathlib.Path(samcli.__file__).parent / "local/rapid/aws-lambda-rie-$(MACHINE)")

bench: rie .local/load.json ## Measure what each flow costs, write docs/benchmarks.md
	@PYTHONPATH=.:layers/common $(RUN)/python -m benchmarks .aws-sam/$(MACHINE) .local/init.json .local/load.json

# What `make load` noted is kept: make it again when the push has changed.
.local/load.json:
	@$(MAKE) --no-print-directory load

clean: ## Remove what was built; keeps the tools
	rm -rf .aws-sam .local .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
