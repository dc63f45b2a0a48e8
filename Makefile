# Everything is made by the first target that needs it; each can be interrupted anywhere and run again.
# `make PYTHON=/path/to/python3.11 …` names the Python (3.11 or newer) to make the environment with. It is kept: without
# the word PYTHON= the one that made .venv is taken again, as long as it is there.

MADE_BY := $(shell made_by=$$(sed -n 's/^executable = \([^ ]*\)$$/\1/p' .venv/pyvenv.cfg 2>/dev/null); \
	[ ! -x "$$made_by" ] || echo "$$made_by")
PYTHON ?= $(or $(MADE_BY),python3)
VENV := .venv/bin
ROOMS := trivium trivium_components trivium_policies trivium_rehearsal

# Without a UTF-8 locale Python takes files and paths for ASCII, and a clone in a folder named `Zürich` would not start.
export PYTHONUTF8 := 1
ifeq ($(findstring utf,$(subst UTF,utf,$(or $(LC_ALL),$(LC_CTYPE),$(LANG)))),)
export LC_ALL := C.UTF-8
endif

STACK ?= rehearsal
PROJECT ?= .
PROFILE ?=
EXPLAIN ?=
RULES ?=
PACKS ?=
MODEL ?= sonnet
REVIEWER ?= rehearsal
TESTS ?= tests

.DEFAULT_GOAL := help
.PHONY: help env toolchain up ask console preview test prove check down clean
.NOTPARALLEL:

help:
	@echo "make up       deploy the stack \`rehearsal\` on three clouds, without an account; ask, verify, show"
	@echo "make ask      ask the rehearsed deployment: make ask Q='What is a guardrail?' MODEL=$(MODEL)"
	@echo "make console  open the web page of reviewers and auditors on what the rehearsal left (REVIEWER=$(REVIEWER))"
	@echo "make preview  check a stack against the stand-ins and the policies (STACK=$(STACK) PROJECT=$(PROJECT) PROFILE=baseline EXPLAIN=1)"
	@echo "make test     run the tests (TESTS=$(TESTS))"
	@echo "make prove    run the long proofs: simulations that take minutes"
	@echo "make check    what a change must pass: lint, format, types, one-way imports"
	@echo "make down     destroy the rehearsal and remove all that it keeps"
	@echo "make clean    make down, and remove the environment .venv"

# A blink when there is nothing to do. It decides by content, so no file's time can mislead it.
env:
	@command -v $(firstword $(PYTHON)) >/dev/null || { \
	echo "trivium: there is no $(PYTHON). Install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3.11" >&2; \
	exit 1; }
	@$(PYTHON) rehearsal/bootstrap.py

toolchain: env
	@$(VENV)/python -m trivium_rehearsal.toolchain

up: env
	@$(VENV)/python -m trivium_rehearsal up

ask: env
	@$(VENV)/python -m trivium_rehearsal ask "$(Q)" --model "$(MODEL)"

console: env
	@[ -d .trivium/audit ] || { echo "trivium: there is no rehearsal yet. Run make up first." >&2; exit 1; }
	@TRIVIUM_AUDIT_KEY=.trivium/keys/audit.pem $(VENV)/python -m trivium console --audit .trivium/audit --reviewer "$(REVIEWER)"

preview: env
	@$(VENV)/python -m trivium_rehearsal preview --stack "$(STACK)" --project "$(PROJECT)" $(if $(PROFILE),--profile "$(PROFILE)") $(if $(EXPLAIN),--explain) $(RULES:%=--rules "%") $(PACKS:%=--pack "%")

test: env
	@$(VENV)/python -m trivium_rehearsal.toolchain --yaml
	@git ls-files --error-unmatch Makefile >/dev/null || { \
	echo "trivium: the tests ask git which files this clone has. Install git and clone the repository with it." >&2; exit 1; }
	$(VENV)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --max-worker-restart 0 $(TESTS)

prove: env
	$(VENV)/python -m pytest -n 2 -m prove $(TESTS)

check: env
	$(VENV)/ruff check
	$(VENV)/ruff format --check
	$(VENV)/mypy $(ROOMS:%=-p %)
	$(VENV)/mypy rehearsal/bootstrap.py
	$(VENV)/lint-imports

# Where nothing was set up there is nothing to take down, and no environment is made to find that out.
down:
	@if [ -e .trivium ]; then $(MAKE) --no-print-directory env && $(VENV)/python -m trivium_rehearsal down; \
	else echo "trivium: nothing to take down" >&2; fi

clean: down
	@rm -rf .venv .venv.removing-* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@echo "trivium: removed .venv and the caches here. Kept, because other clones use it: the engine and the AWS" >&2
	@echo "trivium: emulator in $${XDG_CACHE_HOME:-$$HOME/.cache}/trivium; remove that folder to be rid of them." >&2
