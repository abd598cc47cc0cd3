# Everything from nothing: a virtual environment, locked versions, and the two commands that matter.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check -q
LOCK = requirements.lock

.PHONY: reproduce app test check coverage coverage-off coverage-on screenshots calibrate compare forecasts panel verdict sensitivity recovery sweeps bench mutants docs lock clean

reproduce: $(VENV)/.base
	$(BIN)/alignsim reproduce

# The browser app, on this machine only; "make app CLASS=1" serves a class on the local network.
app: $(VENV)/.app
	$(BIN)/alignsim app $(if $(CLASS),--class)

test: $(VENV)/.test
	$(BIN)/python -m pytest -n auto --dist loadfile

check: $(VENV)/.check
	$(BIN)/ruff check src tests experiments
	$(BIN)/ruff format --check src tests experiments
	$(BIN)/mypy
	$(BIN)/lint-imports

# Branch coverage. Compiled lines cannot be counted, so the tests of what is compiled run with the compiler off first;
# then the whole suite runs as it is, and adds to the count.
coverage: coverage-off coverage-on

COMPILED = terms indices decision situation draws scores parity parity_random chain likelihood nested priors rules unions \
  ensemble timeline
coverage-off: $(VENV)/.test
	rm -f .coverage .coverage.*
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest -n auto --dist loadfile -m "not slow" --cov --cov-report= \
	  $(COMPILED:%=tests/test_%.py)

coverage-on:
	PYTEST_ADDOPTS="--cov --cov-append --cov-report=term --cov-fail-under=95" $(MAKE) test

# The pictures of docs/app, taken by the browser tests.
screenshots: $(VENV)/.test
	ALIGNSIM_SCREENSHOTS=1 $(BIN)/python -m pytest tests/test_app_browser.py

# Samples every posterior again from its committed specification, and keeps weights, draws, summary and figures;
# a sample that is in build/ and still holds is not made again.
calibrate: $(VENV)/.test
	for spec in experiments/calibration/*.yaml; do \
	  name=$$(sed -n 's/^name: //p' $$spec); \
	  $(BIN)/alignsim calibrate $$spec --out build/calibration/$$name --weights configs/weights/$$name.yaml --workers 2 || exit 1; \
	done
	cd build/calibration/calibrated && cp summary.csv *.png ../../../experiments/posterior/
	cp build/calibration/calibrated-inputs/summary.csv experiments/posterior/summary-inputs-drawn.csv

# Weighs the rival explanations.
compare: $(VENV)/.test
	$(BIN)/alignsim compare experiments/comparison/comparison.yaml --out build/comparison --workers 2
	cd build/comparison && cp comparison.csv comparison.tex comparison.png verdict.txt ../../experiments/comparison/

# Forecasts what the weights have not seen, then scores it.
forecasts: $(VENV)/.test
	$(BIN)/alignsim forecast experiments/forecasts/forecasts.yaml --out build/forecasts --workers 2
	cd build/forecasts && cp *.csv *.png manifest.json findings.txt ../../experiments/forecasts/

# Fits the world of 2014 and forecasts that of 2022. The forecast is registered: its files are compared and never
# written again.
panel: $(VENV)/.test
	$(BIN)/alignsim panel fit experiments/panel/panel.yaml --out build/panel --weights configs/weights --workers 2
	$(BIN)/alignsim panel forecast experiments/panel/panel.yaml --out build/panel
	cd build/panel && for file in *.csv *.png; do \
	  case $$file in forecast-*) cmp $$file ../../experiments/panel/$$file;; *) cp $$file ../../experiments/panel/;; esac || exit 1; \
	done

# Judges the registered forecast of 2022, sentence by sentence.
verdict: $(VENV)/.base
	$(BIN)/alignsim panel verdict seeds/outcomes-2022.csv --forecasts experiments/panel \
	  --without experiments/panel/verdict-2022/without-movers.csv --out experiments/panel/verdict-2022

# Does calibration find weights that are known?
recovery: $(VENV)/.test
	$(BIN)/alignsim recover experiments/recovery/recovery.yaml --out build/recovery --workers 2
	cd build/recovery && cp *.csv *.png summary.json ../../experiments/recovery/

# What the outcomes rest on.
sensitivity: $(VENV)/.test
	$(BIN)/alignsim sensitivity experiments/sensitivity/all-factors.yaml --out build/sensitivity --workers 2
	cd build/sensitivity && cp *.csv *.png ../../experiments/sensitivity/

# Runs every shipped sweep, in a minute, and draws its figure beside the specification.
sweeps: $(VENV)/.test
	for spec in experiments/sweeps/*.yaml; do \
	  name=$$(basename $$spec .yaml); \
	  state=$$(sed -n 's/^# figure: --state /--state /p' $$spec); \
	  $(BIN)/alignsim sweep $$spec --out build/sweeps/$$name --workers 2 && \
	  $(BIN)/alignsim plot build/sweeps/$$name $$state --out $${spec%.yaml}.png || exit 1; \
	done

# Times the bars of the sweep engine; about 25 minutes, most of it one sweep of 10^8 runs.
bench: $(VENV)/.test
	$(BIN)/python experiments/benchmarks/bench.py

# Makes single changes to the theory, runs its tests after each, and fails where they catch less than 95 % of the
# changes to a module. About half an hour on two cores; the compiler is off, since both engines share these lines.
mutants: $(VENV)/.mutation
	rm -rf mutants
	NUMBA_DISABLE_JIT=1 HYPOTHESIS_PROFILE=hasty $(BIN)/python -m mutmut run --max-children 2
	$(BIN)/python experiments/benchmarks/mutants.py

# The generated parts of docs/, seeds/ and configs/; a test says when they are out of date.
docs: $(VENV)/.test
	$(BIN)/python -m alignsim.documentation

lock: $(VENV)/.check $(VENV)/.test $(VENV)/.mutation
	$(PIP) freeze --exclude-editable | grep -v '^alignsim' > $(LOCK)

clean:
	rm -rf $(VENV) mutants report site .mypy_cache .ruff_cache .pytest_cache

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.base: $(BIN)/python pyproject.toml $(LOCK)
	$(PIP) install -c $(LOCK) -e .
	touch $@

$(VENV)/.app: $(BIN)/python pyproject.toml $(LOCK)
	$(PIP) install -c $(LOCK) -e ".[app]"
	touch $@

$(VENV)/.test: $(BIN)/python pyproject.toml $(LOCK)
	$(PIP) install -c $(LOCK) -e ".[test]"
	touch $@

$(VENV)/.check: $(BIN)/python pyproject.toml $(LOCK)
	$(PIP) install -c $(LOCK) -e ".[test,check]"
	touch $@

$(VENV)/.mutation: $(BIN)/python pyproject.toml $(LOCK)
	$(PIP) install -c $(LOCK) -e ".[test,mutation]"
	touch $@
