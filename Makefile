# make demo: train, score and report on real digits, on a CPU, in minutes.
# make test: lint, types and tests. make quick: lint, types and the tests that tell most, in 90 s.
# make slow-tests: those left out of make test, which takes less than eight minutes on two cores.
# make notebooks: what a newcomer runs, the notebooks and docs/five-minutes.md, executed in minutes.
# make gpu: the measurements that need a GPU, in eight minutes; they go to docs/performance.md.
# make docs: the documentation as a site, in build/site/html. make dist: wheel and sdist, checked.
# make pythons: the tests on every Python from 3.11 up that is here.
# All need only Python (3.11 or later) and make.

PYTHON ?= python3
BIN := .venv/bin
DEMO := demo
QUICK := tests/test_architecture.py tests/test_codes.py tests/test_trainer.py \
	tests/training/test_losses.py tests/training/test_draws.py tests/results \
	tests/metrics/test_registry.py tests/metrics/test_cluster_accuracy.py \
	tests/metrics/test_information_matrix.py \
	tests/subjects tests/evaluation/test_options.py tests/evaluation/test_requests.py \
	tests/evaluation/test_array_metrics.py tests/evaluation/test_once.py tests/training/test_step.py \
	tests/test_checkpoint.py tests/cli/test_help.py tests/cli/test_mistakes.py

.PHONY: demo test quick lint types tests quick-tests slow-tests notebooks gpu docs dist pythons clean
.DELETE_ON_ERROR:

demo: .venv/installed
	$(BIN)/python benchmarks/demo.py --out $(DEMO)
	@echo "All runs on one page: $(BIN)/infoeval view $(DEMO) --open"

test: lint types tests

quick: .venv/installed
	$(MAKE) --no-print-directory --jobs 2 lint types quick-tests

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/installed
	$(BIN)/mypy

# A file's tests stay in one process: they share what they trained. One thread for each. Bytecode is
# kept, also where the environment says otherwise: to rewrite all asserts takes 8 s in each process.
tests: .venv/installed
	OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --numprocesses auto --dist loadfile

# The structure, the equations, known truths and reference values, the contract, one evaluation.
quick-tests: .venv/installed
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --quiet $(QUICK)

slow-tests: .venv/installed
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto -m slow

notebooks: .venv/installed
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto -m notebooks tests/test_first_steps.py

gpu: .venv/installed
	$(BIN)/python benchmarks/gpu.py

docs: .venv/installed
	$(BIN)/python docs/site/build.py

dist: .venv/installed
	rm -rf dist
	$(BIN)/python -m build --no-isolation
	$(BIN)/python -m twine check --strict dist/*

# An environment for each in .venvs/, of 7.1 GB. PYTHONS="--only 3.12 -- tests/metrics" runs less.
pythons:
	$(PYTHON) benchmarks/pythons.py $(PYTHONS)

.venv/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "infoeval needs Python 3.11 or later; set PYTHON=python3.x"; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv .venvs $(DEMO) dist build
