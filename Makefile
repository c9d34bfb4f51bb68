# Two commands do everything on a fresh machine with Python 3.11 or newer:
#   make demo    checks an example file with planted bugs
#   make test    runs every suite
PYTHON ?= python3
BIN := .venv/bin
export PYTHONHASHSEED ?= 0

.PHONY: demo test oracle lint wheel reports bench clean

.venv/ready: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "gradcheck needs Python 3.11 or newer; give one with: make PYTHON=python3.12 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[all]'
	touch $@

.venv/ready-dev: .venv/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

# The example holds planted bugs, so the command that finds them ends with 1.
demo: .venv/ready
	$(BIN)/gradcheck check suites/student/nnfs_style.py || test $$? -eq 1

test: .venv/ready-dev
	$(BIN)/python -m pytest suites/ -n 2

# PyTorch is the second oracle of the suites; without it those tests are skipped with a reason.
oracle: .venv/ready-dev
	$(BIN)/python -c 'import torch' 2>/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0

lint: .venv/ready-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy --strict gradcheck reference

# Build the wheel, install it into a second environment, and use it outside the checkout.
wheel: .venv/ready-dev
	rm -rf dist
	$(BIN)/python -m build --wheel --outdir dist . >/dev/null
	bash .ci/smoke dist/*.whl

clean:
	rm -rf .venv dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

# Every report under reports/ comes from here; the training presets take most of the time.
reports: .venv/ready-dev
	$(BIN)/python suites/benchmarks/numerics.py --write
	$(BIN)/python suites/reference_report.py --out reports/reference.md
	$(BIN)/python suites/deep.py --seconds 3600 --out reports/deep.md
	$(BIN)/python suites/deep.py --seconds 3600 --out reports/deep_books.md --books
	$(BIN)/gradcheck bugs --jobs 2 --write reports/bugs.md
	$(BIN)/python suites/benchmarks/diagnosis.py --write
	$(BIN)/python suites/benchmarks/training.py --presets --write
	$(BIN)/python suites/examples_report.py
