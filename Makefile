# The one list of tasks; .ci/run, the Dockerfile and people use the same.
# setup: the service. local: the embedded model's engine as well. dev: what tests, lint and evaluation need, too.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup local dev model demo serve test lint fix bench eval lock golden clean

VENV := .venv
PY := $(VENV)/bin/python
UV ?= uv
SOURCES := service evals tests scripts benchmarks demo

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 8

setup: $(VENV)/.deps $(VENV)/.parley ## .venv with the service, every package checked by its hash

local: $(VENV)/.deps-local $(VENV)/.parley ## the same with the engine of the embedded model

dev: $(VENV)/.deps-dev $(VENV)/.parley ## the same with everything that tests and lint need

model: local ## fetch the embedded model (1.1 GB), once
	@$(VENV)/bin/parley models pull

demo: local ## install, fetch the model, start the service, send it an article, show what it found
	@$(PY) demo/run.py

serve: setup ## serve on http://127.0.0.1:8000
	@$(VENV)/bin/parley serve

test: dev ## all tests; the one over the embedded model is skipped where it was not fetched
	$(PY) -m pytest -q --doctest-modules service tests

lint: dev ## style, format, types, layers
	$(VENV)/bin/ruff check $(SOURCES)
	$(VENV)/bin/ruff format --check $(SOURCES)
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

fix: dev ## mend what ruff can mend
	$(VENV)/bin/ruff check --fix $(SOURCES)
	$(VENV)/bin/ruff format $(SOURCES)

bench: dev ## CPU per extraction beside plain instructor, and a thousand requests in flight
	$(PY) benchmarks/overhead.py --service "$(PY) -m service serve --port {port}"

eval: dev ## score the engines on the gold set; ARGS are passed on
	$(PY) -m evals $(ARGS)

golden: dev ## write the OpenAPI document and the example answer anew; read the diff afterwards
	$(PY) -m scripts.write_golden

# Every lock is cut from the largest one, so that they never disagree. The build backend is in each: nothing is fetched
# without its hash, not even by the build of this project.
LOCK := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	--custom-compile-command "make lock" pyproject.toml -

lock: ## resolve the dependencies anew (needs uv)
	echo 'setuptools>=77' | $(LOCK) --upgrade --extra local --extra eval --extra otel --group dev -o requirements-dev.lock
	echo 'setuptools>=77' | $(LOCK) --extra local -c requirements-dev.lock -o requirements-local.lock
	echo 'setuptools>=77' | $(LOCK) -c requirements-dev.lock -o requirements.lock

clean: ## remove what was installed and built
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache

# The newest Python that can make a virtual environment; a name that a version manager left behind may lead nowhere.
$(PY):
	@for python in $(PYTHON) python3.14 python3.13 python3.12 python3.11 python3; do \
	  if $$python -c 'import ensurepip, sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null; then \
	    echo "Using $$($$python --version) for $(VENV)"; exec $$python -m venv $(VENV); \
	  fi; \
	done; echo "Parley needs Python 3.11 to 3.14, with venv; none was found (PYTHON=/path/to/python names one)" >&2; exit 1

INSTALL = $(PY) -m pip install --quiet --disable-pip-version-check

$(VENV)/.deps: requirements.lock | $(PY)
	$(INSTALL) --require-hashes --requirement $<
	@touch $@

$(VENV)/.deps-local: requirements-local.lock | $(PY)
	$(INSTALL) --require-hashes --requirement $<
	@touch $@ $(VENV)/.deps

$(VENV)/.deps-dev: requirements-dev.lock | $(PY)
	$(INSTALL) --require-hashes --requirement $<
	@touch $@ $(VENV)/.deps-local $(VENV)/.deps

# After whichever dependencies the target asked for: they hold the build backend.
$(VENV)/.parley: pyproject.toml | $(PY)
	$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@
