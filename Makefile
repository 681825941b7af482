# Exactly two targets do all the set-up: `make nightly` and `make test`. Needs Python 3.11+, pip and make, nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: nightly test search chaos check audit fix bench bench-scale lock docs data-docs clean

nightly: $(READY)
	$(BIN)/alvh nightly

# A file a process, as many as there are cores: its tests share their nights.
test: $(READY)
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

# Laws and hostile bodies on examples that nobody has seen: a failure prints how to have it again. `make test` draws the
# same ones every time.
search: $(READY)
	$(BIN)/python -m pytest -n auto --dist loadfile --hypothesis-profile=search tests/property tests/security tests/unit

# Thirty nights under random kills of flow, worker, server and database: some minutes.
chaos: $(READY)
	$(BIN)/python -m pytest -s -o addopts="--import-mode=importlib" tests/chaos

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Known vulnerabilities in what the lock installs.
audit: $(READY)
	$(BIN)/python .ci/audit.py

fix: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY)
	$(BIN)/python tests/bench/night.py

bench-scale: $(READY)
	$(BIN)/python tests/bench/bulk_load.py
	$(BIN)/python -u tests/bench/scale.py

# Great Expectations' own pages of the night published last: optional, they load scripts from the web.
data-docs: $(READY)
	$(BIN)/alvh report --data-docs

docs: $(READY)
	$(BIN)/python -c "import pathlib; from alvh_core.dictionary import data_dictionary; pathlib.Path('docs/data_dictionary.md').write_text(data_dictionary())"
	$(BIN)/python -c "import pathlib; from expectations.handbook import rulebook; pathlib.Path('docs/rules.md').write_text(rulebook())"

# The lock is made with uv; it names no index, so that any mirror serves it. The image's is a part of it.
lock:
	uv pip compile pyproject.toml --extra dev --extra bench --extra dask --extra ray --extra s3 --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate --output-file requirements.lock
	echo 'hatchling>=1.27' | uv pip compile pyproject.toml - --extra s3 --universal --python-version 3.11 \
	  --constraints requirements.lock --generate-hashes --no-header --no-annotate --output-file deploy/requirements.lock

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, found " + sys.version)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

clean:
	rm -rf $(VENV)
