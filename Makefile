# Every target works in a fresh clone: `setup` runs first whenever .venv is missing or older than what defines it.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.ready

.PHONY: setup serve test test-fast coverage check bench anchors comparison settings constraints clean

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("Candor needs Python 3.11 or newer: make PYTHON=/path/to/python3.11") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

serve: setup
	$(BIN)/candor serve

# A worker that has run its tests takes over some of another's; the order is that of tests/conftest.py.
PARALLEL := -n auto --dist worksteal

test: setup
	$(BIN)/pytest $(PARALLEL)

test-fast: setup
	$(BIN)/pytest $(PARALLEL) -m "not slow and not process"

# Every test once more, watched: lines that none of them runs. Apart, as watching costs half as much again.
coverage: setup
	$(BIN)/pytest $(PARALLEL) --cov --cov-report=term

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest tests/test_architecture.py

bench: setup
	$(BIN)/python -m bench

# Public sets beside what others report on them; DATA is a folder of yours (see bench/anchors.py).
anchors: setup
	@test -n "$(DATA)" || { echo "make anchors DATA=folder: see bench/anchors.py for what it holds"; exit 2; }
	$(BIN)/python -m bench.anchors $(DATA)

# One fine-tuned model beside the chain; BASE and COMPOSER are GGUF files, OUT a folder for what is made.
comparison: setup
	@test -n "$(BASE)" -a -n "$(OUT)" || { echo "make comparison BASE=small.gguf OUT=folder [COMPOSER=model.gguf]"; exit 2; }
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[compare]'
	$(BIN)/python -m bench.comparison --base $(BASE) --out $(OUT) $(if $(COMPOSER),--composer $(COMPOSER))

# docs/settings.md, as the code has it.
settings: setup
	$(BIN)/candor settings > docs/settings.md

# The whole tree, exact, as a clean environment resolves it from the ranges in pyproject.toml. Without hashes and
# local versions: builds of torch differ from machine to machine.
PINNED := dev,local-llm,postgres

constraints:
	rm -rf build/pins && $(PYTHON) -m venv build/pins
	build/pins/bin/python -m pip install --quiet --upgrade pip
	build/pins/bin/python -m pip install --quiet '.[$(PINNED)]'
	build/pins/bin/python -m pip list --format freeze --exclude candor-chat --exclude pip --exclude setuptools \
	  | sed 's/+[a-z0-9.]*$$//' > build/constraints.txt
	{ echo '# Written by `make constraints`: every package, exact; the ranges are in pyproject.toml.'; \
	  cat build/constraints.txt; } > constraints.txt
	rm -rf build/pins build/constraints.txt

clean:
	rm -rf .venv build .coverage *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
