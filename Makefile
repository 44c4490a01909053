# make demo [URL=https://a-newspaper.example/]   crawl, search, export: a small newspaper of our own, or a real site
# make demo-fleet                                three workers, a scheduler and a bucket on this machine: docs/scale.md
# make quick                                     most tests, in at most three minutes on two cores
# make test | exhaustive | lint | types | docs | bench | clean
# make tools                                     what judges our exports in tests: pywb, cdxj-indexer, ...
# make quality                                   how well real pages are read, beside trafilatura: docs/quality.md
#
# A plain venv and pip; uv does the same faster where it is there. `make PYTHON=/path/to/python3.12` picks the Python.

VENV  := .venv
PY    := $(VENV)/bin/python
STAMP := $(VENV)/.newsmorgue-installed
TOOLS := .tools
URL   :=

.PHONY: demo demo-fleet quick test exhaustive tools lint types docs bench quality clean

demo: $(STAMP)
	$(PY) demo.py '$(URL)'

demo-fleet: $(STAMP)
	$(PY) demo_fleet.py

# With it each process that the tests start would compile our modules first: a quarter of a second.
unexport PYTHONDONTWRITEBYTECODE

# Three processes on two cores: many tests wait for a server, a delay or a process.
PROCESSES := $(shell echo $$(( ($$(nproc 2>/dev/null || echo 2) * 3 + 1) / 2 )))
PYTEST := $(PY) -m pytest -n $(PROCESSES) --maxprocesses 8 --dist worksteal

# All but those marked slow: crawls, kills, full disks, programs run as a user runs them.
quick: $(STAMP)
	$(PYTEST) -m 'not slow and not exhaustive'

test: $(STAMP)
	$(PYTEST) -r a -m 'not exhaustive'

# What takes tens of seconds each: real pages, every pattern of ours on hostile text, random queries, days of sick papers.
exhaustive: $(STAMP)
	$(PYTEST) -r a -m exhaustive

lint: $(STAMP)
	$(PY) -m ruff check .
	$(PY) docs/generate.py --check

types: $(STAMP)
	$(PY) -m mypy

docs: $(STAMP)
	$(PY) docs/generate.py

# Exit code 77: cannot be tried on this machine, and says why.
bench: $(STAMP)
	@for program in startup kill verify crawl hundred_hosts; do \
	  echo "== benchmarks/$$program.py"; \
	  $(PY) benchmarks/$$program.py; code=$$?; \
	  [ $$code -eq 0 ] || [ $$code -eq 77 ] || exit $$code; \
	done

# Pages with ground truth, from NEWSMORGUE_PAGES; without them it says so, and that is no failure.
quality: $(STAMP)
	@if command -v uv >/dev/null; then uv pip install -q --python $(PY) -e '.[learn]'; \
	else $(PY) -m pip install -q --disable-pip-version-check -e '.[learn]'; fi
	@$(PY) benchmarks/quality.py; code=$$?; [ $$code -eq 77 ] || exit $$code

# The demo's archive goes too, but only one that the demo made.
clean:
	rm -rf build dist .pytest_cache .ruff_cache .mypy_cache
	[ ! -e demo-archive/.made-by-the-demo ] || rm -rf demo-archive
	[ ! -e demo-fleet/.made-by-the-demo ] || rm -rf demo-fleet
	find . -name __pycache__ -not -path './$(VENV)/*' -not -path './$(TOOLS)/*' -prune -exec rm -rf {} +

# Shell: the first Python that is new enough, in $$python.
define FIND_PYTHON
python=; \
for try in $(PYTHON) python3 python3.11 python3.12 python3.13 python3.14; do \
  if $$try -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$try; break; fi; \
done; \
[ -n "$$python" ] || { echo 'make: needs Python 3.11 or newer (make PYTHON=/path/to/it)' >&2; exit 1; }
endef

# Installed again whenever pyproject.toml changes. A venv that is there is used as it is, with what is in it.
$(STAMP): pyproject.toml
	@if [ ! -x $(PY) ]; then \
	  $(FIND_PYTHON); \
	  if command -v uv >/dev/null; then uv venv --python "$$(command -v $$python)" $(VENV); \
	  else $$python -m venv $(VENV); fi \
	  || { rm -rf $(VENV); echo 'make: no venv could be made (on Debian: apt-get install python3-venv)' >&2; exit 1; }; \
	fi
	@if command -v uv >/dev/null; then uv pip install --python $(PY) -e '.[dev]'; \
	else \
	  $(PY) -m pip --version >/dev/null 2>&1 || $(PY) -m ensurepip -q; \
	  $(PY) -m pip install -q --disable-pip-version-check -e '.[dev]'; \
	fi
	@touch $@

# Where no npm is, or it brings nothing, the tests in a browser skip; tests/support/external_tools.py finds what is here.
tools: $(TOOLS)/.installed
	@[ -f $(TOOLS)/replayweb/sw.js ] || ! command -v npm >/dev/null || { \
	  mkdir -p $(TOOLS)/replayweb && cd $(TOOLS)/replayweb && \
	  timeout 60 npm pack --silent 'replaywebpage@>=2.4.6' >/dev/null && \
	  tar -xzf replaywebpage-*.tgz --strip-components=1 package/ui.js package/sw.js package/package.json && \
	  rm replaywebpage-*.tgz; \
	} || echo 'make: no replayweb.page: npm could not bring it' >&2
	@[ -f $(TOOLS)/axe/axe.min.js ] || ! command -v npm >/dev/null || { \
	  mkdir -p $(TOOLS)/axe && cd $(TOOLS)/axe && timeout 60 npm pack --silent 'axe-core@>=4.10' >/dev/null && \
	  tar -xzf axe-core-*.tgz --strip-components=1 package/axe.min.js package/package.json && rm axe-core-*.tgz; \
	} || echo 'make: no axe-core: npm could not bring it' >&2

$(TOOLS)/.installed: tests/support/tools.txt
	@rm -rf $(TOOLS); $(FIND_PYTHON); \
	if command -v uv >/dev/null; then \
	  uv venv -q --python "$$(command -v $$python)" $(TOOLS) && uv pip install -q --python $(TOOLS)/bin/python -r $<; \
	else \
	  $$python -m venv $(TOOLS) && \
	  $(TOOLS)/bin/python -m pip install -q --no-compile --disable-pip-version-check -r $<; \
	fi
	@touch $@
