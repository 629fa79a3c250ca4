# make serve, make test: each makes its virtual environment first, and needs Python, make and pip.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --quiet --quiet --disable-pip-version-check
ARGS   ?=
MINUTES ?= 5

.PHONY: serve test lint bench docs fuzz sanitize clean

serve: $(VENV)/installed
	$(BIN)/python -m nethttp.server $(ARGS)

test: $(VENV)/for-tests
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run -m pytest $(ARGS)
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report

lint: $(VENV)/for-lint
	$(BIN)/ruff check src tests fuzz benchmarks
	$(BIN)/ruff format --check src tests fuzz benchmarks
	$(BIN)/mypy

bench: $(VENV)/for-benchmarks
	$(BIN)/python -m benchmarks $(ARGS)

fuzz: $(VENV)/for-fuzzing
	$(BIN)/python -m fuzz --minutes $(MINUTES) $(ARGS)

docs: $(VENV)/for-tests
	$(BIN)/python -m pytest tests/test_docs.py $(ARGS)

clean:
	rm -rf $(VENV) build dist src/*.egg-info .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml | $(VENV)/bin/python
	$(PIP) install --editable .
	@touch $@

$(VENV)/for-tests: pyproject.toml | $(VENV)/bin/python
	$(PIP) install --editable '.[rich,test]'
	@touch $@

$(VENV)/for-lint: pyproject.toml | $(VENV)/bin/python
	$(PIP) install --editable '.[rich,test,lint]'
	@touch $@

$(VENV)/for-fuzzing: pyproject.toml | $(VENV)/bin/python
	$(PIP) install --editable '.[rich,test,fuzz]'
	@touch $@

$(VENV)/for-benchmarks: pyproject.toml | $(VENV)/bin/python
	$(PIP) install --editable '.[rich,test,bench]'
	@touch $@
