# Every target sets up what it needs in .venv; nothing else on the machine is touched.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip install --disable-pip-version-check --quiet

.PHONY: help demo test slow check docs fuzz bench methods reproduce soak parity editors schema clean
.DEFAULT_GOAL := help

help:
	@echo "make demo    install, then train the quickstart on handwritten digits (half a minute)"
	@echo "make test    install, then run the tests"
	@echo "make slow    run the tests that make test leaves out (half an hour)"
	@echo "make check   formatting, lint, types and tests"
	@echo "make docs    write the documentation as a site, docs/_build/html (a minute)"
	@echo "make bench   measure speed and memory into benchmarks/RESULTS.md (about ten minutes)"
	@echo "make methods measure every shipped method with three seeds (hours; continues where it stopped)"
	@echo "make reproduce run the published schedules (days; continues where it stopped)"
	@echo "make soak    kill every shipped configuration twenty times and resume it (six minutes)"
	@echo "make parity compare two processes of torchrun with one, case by case (two minutes)"
	@echo "make fuzz    make every mistake in every shipped file, train 2,000 random methods (ten minutes)"
	@echo "make editors ask the language service of VS Code at cursor positions (needs node and npm)"
	@echo "make schema  write the generated schema files, tables of the docs and missing golden losses"
	@echo "make clean   remove .venv"

demo: $(VENV)/installed
	$(PY) main.py configurations/quickstart

test: $(VENV)/installed-dev
	$(PY) -m pytest

slow: $(VENV)/installed-dev
	$(PY) -m pytest -m slow

check: $(VENV)/installed-dev
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy dcrf benchmarks
	$(PY) -m pytest

docs: $(VENV)/installed-docs
	$(PY) -m sphinx -W --keep-going -q -b html docs docs/_build/html
	@echo "open docs/_build/html/index.html"

bench: $(VENV)/installed
	$(PY) -m benchmarks

methods: $(VENV)/installed
	$(PY) -m benchmarks.methods

reproduce: $(VENV)/installed
	$(PY) -m benchmarks.reproduction $(FLAGS)

soak: $(VENV)/installed
	OMP_NUM_THREADS=1 $(PY) -m tests.soak

fuzz: $(VENV)/installed-dev
	OMP_NUM_THREADS=1 $(PY) -m tests.fuzz

parity: $(VENV)/installed-dev
	OMP_NUM_THREADS=1 $(VENV)/bin/torchrun --nproc_per_node 2 -m tests.parity

editors: $(VENV)/installed-dev
	npm install --silent --prefix $(VENV)/editors vscode-json-languageservice@5.7.2
	$(PY) -m tests.editor

schema: $(VENV)/installed
	$(PY) -m dcrf.schema.generate
	$(PY) -m dcrf.safety.limits
	$(PY) docs/tables.py
	$(PY) -m tests.regression.update

clean:
	rm -rf $(VENV)

$(VENV)/bin/python:
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" \
	  || (echo "dcrf needs Python 3.11 or newer: make PYTHON=python3.12 ..."; exit 1)
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: requirements.txt | $(VENV)/bin/python
	@echo "installing requirements into $(VENV); PyTorch is large, this takes a few minutes"
	$(PIP) -r requirements.txt
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt requirements-docs.txt $(VENV)/installed
	$(PIP) -r requirements-dev.txt
	@touch $@

$(VENV)/installed-docs: requirements-docs.txt $(VENV)/installed
	$(PIP) -r requirements-docs.txt
	@touch $@
