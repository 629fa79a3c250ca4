# make serve, make test: each makes its virtual environment first, and needs Python, make and pip.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --quiet --quiet --disable-pip-version-check
ARGS   ?=
# Files of tests run side by side, more than there are cores: most tests wait more than they compute.
WORKERS ?= 4
SIDE_BY_SIDE := --numprocesses $(WORKERS) --dist loadfile
MINUTES ?= 5

BUILT_FROM := pyproject.toml setup.py $(wildcard src/nethttp/*/*/*.[ch])

.PHONY: serve test coverage lint house bench loads soak docs pictures proofs fuzz sanitize stress suites cache-suite clean

serve: $(VENV)/installed
	$(BIN)/python -m nethttp.server $(ARGS)

test: $(VENV)/for-tests
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) $(ARGS)

# Run every test, and report branches that no test takes. Takes a third longer than `make test`.
coverage: $(VENV)/for-tests
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run -m pytest $(SIDE_BY_SIDE) $(ARGS)
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report

lint: $(VENV)/for-lint
	$(BIN)/ruff check src tests fuzz benchmarks suites
	$(BIN)/ruff format --check src tests fuzz benchmarks suites
	$(BIN)/mypy

# Whether the house is in order: circles, arrows, long files; docstrings by sample (SEED=7 SAMPLE=60).
house: $(VENV)/for-tests
	$(BIN)/python -m tests.house

bench: $(VENV)/for-benchmarks
	$(BIN)/python -m benchmarks $(ARGS)

loads: $(VENV)/for-benchmarks
	$(BIN)/python -m benchmarks.loads $(ARGS)

# Servers under mixed load for a long time, on one core; meant for MINUTES=30.
soak: $(VENV)/for-benchmarks
	$(BIN)/python -m benchmarks.soak --minutes $(MINUTES) $(ARGS)

fuzz: $(VENV)/for-fuzzing
	$(BIN)/python -m fuzz --minutes $(MINUTES) $(ARGS)

# Build the C twin with the compiler's checks of memory and arithmetic; run its tests and the corpus.
sanitize: $(VENV)/for-tests
	rm -rf build
	CFLAGS="-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g -O1" \
	LDFLAGS="-fsanitize=address,undefined" NETHTTP_BUILD=require \
		$(PIP) install --no-deps --target build/sanitized .
	LD_PRELOAD="$$($(CC) -print-file-name=libasan.so) $$($(CC) -print-file-name=libubsan.so)" \
	ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=8 PYTHONMALLOC=malloc NETHTTP_BUILD=require PYTHONPATH=build/sanitized \
		$(BIN)/python -m pytest $(SIDE_BY_SIDE) --capture=sys -p no:cacheprovider -k "C or fuzz or delivery" \
		tests/twins tests/delivery/test_h1.py tests/test_fuzz.py $(ARGS)

docs: $(VENV)/for-tests
	$(BIN)/python -m pytest tests/test_docs.py $(ARGS)

# The pictures in docs/images: of `nethttp get`, from what it prints; of a shared folder's page, by Chromium.
pictures: $(VENV)/for-tests
	$(BIN)/python -m tests.pictures
	$(BIN)/python -m tests.e2e.pictures

# Cookie jars that processes share, at full size: 8 processes, 1 000 changes each, kill -9. Content
# of 10 MiB that decodes to 10 GiB, and uploads of 10 GiB, in less than 64 MiB of memory. Then
# servers that are reloaded and stopped under full load, 200 times each.
stress: $(VENV)/for-benchmarks
	NETHTTP_STRESS=1 $(BIN)/python -m pytest -s tests/cookiejar/shared/test_crashes.py
	NETHTTP_STRESS=1 $(BIN)/python -m pytest -k bomb tests/client/content/test_decoding.py
	NETHTTP_STRESS=1 $(BIN)/python -m pytest tests/client/test_uploads.py tests/client/test_downloads.py
	NETHTTP_STRESS=1 $(BIN)/python -m pytest -s \
	    tests/server/files/test_crashes.py tests/server/files/test_tree.py \
	    tests/server/files/test_matrix.py tests/server/files/archives
	$(BIN)/python -m benchmarks.restarts $(ARGS)

# What the client promises, printed: its pool after a stop at each yield, credentials across origins,
# 10 000 GETs and POSTs on connections that end, deadlines, handshakes that fail, bombs.
proofs: $(VENV)/for-tests
	NETHTTP_STRESS=1 $(BIN)/python -m pytest -v -s tests/client/test_pool_proof.py \
		tests/client/test_credentials.py tests/client/test_reuse.py tests/client/test_bombs.py \
		tests/client/flow/test_deadlines.py tests/client/flow/test_handshake.py $(ARGS)

# Other projects' own tests, on the standard library, then on nethttp instead.
suites: $(VENV)/installed
	$(BIN)/python -m suites $(ARGS)

# The tests of cache-tests.fyi on the client's cache: a minute; needs node and npm.
cache-suite: $(VENV)/for-tests
	$(BIN)/python -m suites.caching $(ARGS)

clean:
	rm -rf $(VENV) build dist src/*.egg-info .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/bin/python:
	@echo "Making the virtual environment $(VENV) and installing into it: about 20 seconds ..."
	@$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(BUILT_FROM) | $(VENV)/bin/python
	$(PIP) install --editable .
	@touch $@

$(VENV)/for-tests: $(BUILT_FROM) | $(VENV)/bin/python
	$(PIP) install --editable '.[rich,test]'
	@touch $@

$(VENV)/for-lint: $(BUILT_FROM) | $(VENV)/bin/python
	$(PIP) install --editable '.[rich,test,lint]'
	@touch $@

$(VENV)/for-fuzzing: $(BUILT_FROM) | $(VENV)/bin/python
	$(PIP) install --editable '.[rich,test,fuzz]'
	@touch $@

$(VENV)/for-benchmarks: $(BUILT_FROM) | $(VENV)/bin/python
	$(PIP) install --editable '.[rich,test,bench]'
	@touch $@
