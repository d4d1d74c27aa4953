# Each target makes what it needs: Python >= 3.11, git and make are enough.
#
#   make test                      with python3, in .venv
#   make test PYTHON=python3.13    with another Python, in .venv-3.13

PYTHON ?= python3

ifeq ($(origin PYTHON),file)
VENV ?= .venv
else
VENV ?= .venv-$(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
endif

# Without byte code each of the thousands of processes that tests start would compile pytest's plugins anew.
unexport PYTHONDONTWRITEBYTECODE

BIN := $(VENV)/bin
READY := $(VENV)/.ready
OLDEST := .venv-oldest
OLDEST_TESTS := $(patsubst %,tests/integration/test_%.py,commands option_handoff outcomes)
NEWEST := .venv-newest
NEWEST_TESTS := tests/coverage $(patsubst %,tests/integration/test_%.py,commands option_handoff outcomes branches coverage_classes \
  data_apart multiprocessing private_parts_gone reports_of_pytest_cov xdist)

.PHONY: help test test-oldest test-newest cheats coverage fuzz nightly figures kills lint demo docs bench regenerate pictures clean python-is-new-enough
.DEFAULT_GOAL := help

help: ## What can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'

test: $(READY) ## The tests, on two processes
	$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

# A process that coverage.py started by itself, as it does xdist's workers, loses its data as soon as anything in it makes a
# Coverage object, which tests of a plugin that measures do. COVERAGE_COVERAGE is how coverage.py's own tests keep theirs.
test-oldest: $(OLDEST)/.ready ## What users do, with pytest 8.4 and the oldest version of everything else
	$(OLDEST)/bin/python -m pytest -n 2 --dist worksteal -q $(OLDEST_TESTS) $(ARGS)

# Bounds of pyproject.toml do not hold here: what a release has changed should be known before it is allowed.
test-newest: | python-is-new-enough ## The same, and what is private of others, with the newest of everything, pre-releases too
	$(PYTHON) scripts/prepare_venv.py $(NEWEST) --newest
	$(NEWEST)/bin/python -m pytest -n 2 --dist worksteal -q $(NEWEST_TESTS) $(ARGS)

coverage: $(READY) ## The tests and what they leave out; below 98 % it fails
	$(BIN)/coverage erase
	COVERAGE_COVERAGE=yes $(BIN)/coverage run -m pytest -n 2 --dist worksteal -q $(ARGS)
	$(BIN)/coverage combine -q
	$(BIN)/coverage report --fail-under=98

fuzz: $(READY) ## The laws of filling and of damaged evidence, on 20,000 examples and more; takes hours
	HANDOFF_FUZZ_EXAMPLES=$(or $(EXAMPLES),20000) $(BIN)/python -m pytest -n 2 --dist worksteal tests/laws/test_any_document.py tests/integration/test_any_evidence.py $(ARGS)

nightly: ## The same laws on 100,000 examples
	$(MAKE) fuzz EXAMPLES=100000

figures: $(READY) ## How many places of many families of documents are filled rightly, and how many checklist lines are understood
	PYTHONPATH=tests $(BIN)/python tests/print_document_figures.py
	$(BIN)/python tests/print_checklist_figures.py

cheats: $(READY) ## Every cheat that is tried on the gate, and what it says
	PYTHONPATH=tests $(BIN)/python tests/cheats/table.py

test-cheats: $(READY) ## Every cheat and its honest twin as tests
	$(BIN)/python -m pytest -n 2 --dist worksteal -q tests/cheats $(ARGS)

lint: $(READY) ## Style, types, and the layers of the architecture
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/mypy scripts benchmarks
	$(BIN)/lint-imports

demo: $(READY) ## Hand over the example project's third session, in a copy
	$(BIN)/python scripts/demo.py

docs: $(READY) ## The documentation as a site, in site/, and whether its links lead somewhere
	$(BIN)/python -m pip install --quiet --group docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	$(BIN)/python -m pytest -q tests/pages/test_docs_site.py

kills: $(READY) ## Kill 200 runs at random moments, and look at what each left behind
	$(BIN)/python tests/kill_harness.py $(ARGS)

bench: $(READY) ## What the plugin costs, beside its budgets
	$(BIN)/python benchmarks/overhead.py $(ARGS)

regenerate: $(READY) ## Play the example's three sessions again and keep what they write
	$(BIN)/python scripts/regenerate_example.py

pictures: $(READY) ## Take the README's two pictures again, from a real run
	$(BIN)/python scripts/pictures.py

clean: ## Remove the environments, caches and builds
	rm -rf .venv .venv-* dist .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(READY): pyproject.toml scripts/prepare_venv.py | python-is-new-enough
	$(PYTHON) scripts/prepare_venv.py $(VENV)
	@touch $@

$(OLDEST)/.ready: pyproject.toml scripts/prepare_venv.py | python-is-new-enough
	$(PYTHON) scripts/prepare_venv.py $(OLDEST) --oldest
	@touch $@

python-is-new-enough:
	@$(PYTHON) -c 'import sys' 2>/dev/null || { \
	  echo "'$(PYTHON)' does not run; name another Python: make $(or $(MAKECMDGOALS),test) PYTHON=/path/to/python3.13" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "pytest-handoff needs Python 3.11 or newer, and '$(PYTHON)' is $$($(PYTHON) --version 2>&1)." >&2; \
	  echo "Name another one: make $(or $(MAKECMDGOALS),test) PYTHON=/path/to/python3.13" >&2; exit 1; }
