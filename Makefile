# make demo: train, score and report on real digits, on a CPU, in minutes.
# make test: lint, types and tests. Both need only Python (3.11 or later) and make.

PYTHON ?= python3
BIN := .venv/bin
DEMO := demo

.PHONY: demo test lint types tests clean
.DELETE_ON_ERROR:

demo: .venv/installed
	$(BIN)/python benchmarks/demo.py --out $(DEMO)

test: lint types tests

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/installed
	$(BIN)/mypy

# A file's tests stay in one process: they share what they trained. One thread for each.
tests: .venv/installed
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist loadfile

.venv/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "infoeval needs Python 3.11 or later; set PYTHON=python3.x"; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv $(DEMO) dist build
