# `make demo` and `make test` need Python 3.11+ and make, nothing else; they set themselves up.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# Two workers. A file stays whole, for what its tests read is built once; files start in the order
# given, in which those that take minutes come first.
TEST := $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

PYTHONS := python3.12 python3.13
TESTS := tests/dagster tests/unit tests/architecture

LOCK := $(BIN)/uv pip compile --universal --python-version 3.11 --no-strip-extras --generate-hashes \
  --no-emit-index-url --no-header --no-annotate --quiet

WHOLE_HOME := $(addprefix tests/integration/,test_concurrent.py test_repair.py test_dbt_full_disk.py)

.PHONY: setup demo dev dashboard test coverage test-python check format lock test-integration test-daemon test-concurrent test-wheel test-crash test-e2e bench bench-poc generate docs sbom audit clean

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; set PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: setup
	$(BIN)/protocol-assets demo

dev: setup
	$(BIN)/python -m protocol_assets.dev

# Shows the configuration that is set or is in this folder, else the demo.
dashboard: setup
	PROTOCOL_ASSETS_CONFIG=$${PROTOCOL_ASSETS_CONFIG:-$$(ls protocol_assets.toml demo/protocol_assets.toml 2>/dev/null | head -n 1)} \
	  $(BIN)/python -m protocol_assets.dashboard

test: setup
	$(TEST) $(TESTS)

# The unit tests, and which lines they run. Measuring takes a fifth of their time.
coverage: setup
	$(TEST) tests/unit --cov

# The unit tests on other versions of Python, each in a virtual environment of its own.
test-python:
	set -e; for python in $(PYTHONS); do venv=.venv-$$(basename $$python); \
	  $$python -m venv $$venv; \
	  $$venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock; \
	  $$venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .; \
	  PATH=$$PWD/$$venv/bin:$$PATH $$venv/bin/pytest -n 2 --dist loadfile tests/unit; \
	done

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry --no-ansi .
	$(BIN)/sqlfluff lint --nocolor dbt_project/models dbt_project/tests
	PROTOCOL_ASSETS_HOME=/nonexistent $(BIN)/dbt --quiet parse --project-dir dbt_project --profiles-dir dbt_project
	VIRTUAL_ENV=$(CURDIR)/.venv PROTOCOL_ASSETS_CONFIG=$(CURDIR)/protocol_assets.example.toml \
	  PROTOCOL_ASSETS_HOME=$(CURDIR)/.venv/checked-home $(BIN)/dg check defs

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/sqlfluff fix --nocolor dbt_project/models dbt_project/tests

lock:
	$(LOCK) pyproject.toml --group dev --extra dashboard -o requirements.lock
	$(LOCK) --group sbom -o requirements-sbom.lock

test-integration: setup
	$(BIN)/python -m tests.integration.real_data
	$(TEST) tests/integration --ignore=tests/integration/test_daemon.py --ignore=tests/integration/test_wheel.py \
	  $(addprefix --ignore=,$(WHOLE_HOME))

# Dagster's daemon alone with two Orthancs: about five minutes, so not part of every check.
test-daemon: setup
	$(BIN)/pytest tests/integration/test_daemon.py

# Runs that meet or are killed, a full disk and repair, on a home with real builds: some minutes.
test-concurrent: setup
	$(BIN)/pytest $(WHOLE_HOME)

# Both wheels in an empty virtual environment, and from there a small demo: some minutes.
test-wheel: setup
	$(BIN)/pytest tests/integration/test_wheel.py

# A fault at every operation on the disk: some minutes, so not part of every check.
test-crash: setup
	$(BIN)/pytest -n 2 tests/crash

test-e2e: setup
	$(TEST) tests/e2e

bench: setup
	$(BIN)/python -m benchmarks.flattening
	$(BIN)/python -m benchmarks.memory
	$(BIN)/python -m benchmarks.extract
	$(BIN)/python -m benchmarks.deidentification
	$(BIN)/python -m benchmarks.descriptors
	$(BIN)/python -m benchmarks.gates
	$(BIN)/python -m benchmarks.compaction

bench-poc: setup
	$(BIN)/python -m benchmarks.proof_of_concept

# What is made from the specifications; the tests compare it.
generate: setup
	$(BIN)/python -m docs.generate

# The documents and dbt's as one static site in site/, for file:// or any web server.
docs: generate
	$(BIN)/python -m docs.generate.site

# What the lock pins, as a bill of materials in CycloneDX.
sbom: requirements-sbom.lock
	$(PYTHON) -m venv .venv-sbom
	.venv-sbom/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	.venv-sbom/bin/cyclonedx-py requirements --pyproject pyproject.toml --mc-type application --spec-version 1.6 \
	  --output-reproducible --output-file sbom.cdx.json requirements.lock

# Known vulnerabilities of what the lock pins; says so where their database cannot be reached.
audit: setup
	$(BIN)/python -m deploy.audit_lock

clean:
	rm -rf .venv .venv-* demo site sbom.cdx.json .coverage dbt_project/target
