# Everything is installed under this folder (.venv, .tools, .meltano, .airflow); `make clean` removes it.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install demo demo-psql test test-all test-pipelines test-nightly test-hostile test-close test-browser \
	test-accessibility test-loaders test-orchestration bench lint format build readme install-dbt install-airflow lock clean

PYTHON ?= python3
export PYTHON SQL
# What is imported is compiled once, and not by each of the thousand processes that the tests start.
unexport PYTHONDONTWRITEBYTECODE

bin := .venv/bin
uv := .tools/uv/bin/uv
install := sh requirements/install.sh
taps := $(patsubst %/pyproject.toml,%,$(sort $(wildcard taps/*/pyproject.toml)))
analyses := $(patsubst %/pyproject.toml,%,$(sort $(wildcard analyze/*/pyproject.toml)))
members := shared $(taps) $(analyses)
sources := $(members) loaders/target-postgres loaders/target-text tests orchestrate/airflow
# Two workers suit two cores; more only help where there are more.
PYTEST_WORKERS ?= 2

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/.installed .meltano/.installed .tools/dbt/.installed ## a fictional holding's ledgers, from four ERPs to a close to look at
	@$(bin)/python -m demo

demo-psql: .venv/.installed ## a SQL prompt on what the demo loaded (or: make demo-psql SQL='select …')
	@$(bin)/python -m demo.psql

test: .venv/.installed .meltano/.installed .tools/dbt/.installed ## most tests, against real PostgreSQL and Meltano
	$(bin)/pytest -n $(PYTEST_WORKERS) --dist loadgroup

# What `make test` leaves out, in one run: `-m` names every marker of tests/conftest.py.
test-all: .venv/.installed .meltano/.installed .tools/dbt/.installed .venv/.browser .tools/axe/.installed \
		.venv/.loaders .airflow/.installed ## the minutes that `make test` leaves out: all that the targets below run
	$(bin)/pytest -n $(PYTEST_WORKERS) --dist loadgroup \
		-m "slow or pipelines or nightly or close or browser or accessibility or hostile or loaders or orchestration"

test-pipelines: .venv/.installed .meltano/.installed .tools/dbt/.installed ## the minutes of Meltano
	$(bin)/pytest -m pipelines tests/docs tests/e2e tests/faults

test-nightly: .venv/.installed ## tests of seconds each, and many more points of failure
	$(bin)/pytest -n $(PYTEST_WORKERS) --dist loadgroup -m "slow or nightly"

test-hostile: .venv/.installed ## servers that mean harm, against the installed commands
	$(bin)/pytest -n $(PYTEST_WORKERS) -m hostile tests/hostile

test-close: .venv/.installed .tools/dbt/.installed ## the minutes of dbt
	$(bin)/pytest -m close tests/close tests/report

test-browser: .venv/.browser ## consent and the close report in a real browser (installs Debian's Chromium where there is none)
	$(bin)/pytest -m browser tests/browser tests/report

test-accessibility: .venv/.browser .tools/axe/.installed ## the close report by axe-core's rules, in a real browser (needs npm)
	$(bin)/pytest -m "browser and accessibility" tests/report

test-loaders: .venv/.installed .meltano/.installed .tools/dbt/.installed .venv/.loaders ## loaders and databases beside PostgreSQL (installs Debian's MariaDB)
	$(bin)/pytest -n $(PYTEST_WORKERS) --dist loadfile -m loaders tests/loaders tests/ecd

test-orchestration: .venv/.installed .meltano/.installed .airflow/.installed ## the portfolio on workers of Airflow, one of them killed
	$(bin)/pytest -m orchestration tests/orchestration

bench: .venv/.installed .meltano/.installed .tools/bench-dlt/.installed .tools/bench-airbyte/.installed ## what the taps cost, into docs/benchmarks.md (15 minutes, nothing else running)
	@$(bin)/python -m loaders.known dlt
	@$(bin)/python -m bench

lint: .venv/.installed ## style, formatting, types, and the oldest Python supported
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	@for source in $(sources); do \
		echo "$(bin)/mypy $$source"; MYPYPATH=$$source $(bin)/mypy $$source || exit 1; done
	$(bin)/vermin --quiet --no-tips --eval-annotations --violations --target=3.10- \
		--exclude typing.override $(sources)

format: .venv/.installed ## let ruff mend what it can
	$(bin)/ruff check --fix .
	$(bin)/ruff format .

.PHONY: captures
captures: .venv/.installed ## the captures that show the way, anew, from the simulator and the fakes (docs/captures.md)
	$(bin)/python -m field.recorded

build: .venv/.installed ## wheels and source distributions of every package, into dist/
	$(bin)/python -m house.distributions dist

readme: .venv/.installed ## settings in the READMEs and in meltano.yml, from what each tap says of itself
	$(bin)/python -m house.settings --write
	$(bin)/python -m house.portfolio --write
	$(bin)/python -m house.hub --write
	$(bin)/python -m house.scaling --write
	$(bin)/python -m house.loaders --write
	$(bin)/python -m house.catalogues --write

install: .venv/.installed .meltano/.installed ## what demo and test install first

install-dbt: .tools/dbt/.installed ## dbt with its adapters, for transform/ (docs/close.md)

install-airflow: .airflow/.installed ## Airflow, for docs/orchestration.md

.venv/.installed: requirements/dev.txt pyproject.toml $(members:%=%/pyproject.toml)
	@echo "Installing the development environment into .venv"
	@$(install) .venv requirements/dev.txt . $(members)
	@touch $@

.venv/.browser: .venv/.installed requirements/browser.txt
	@sh requirements/debian.sh "chromium chromedriver" "chromium chromium-driver"
	@$(install) .venv requirements/browser.txt
	@touch $@

.venv/.loaders: .venv/.installed .meltano/.installed tests/loaders/known.py loaders/target-text/pyproject.toml \
		$(wildcard requirements/loaders/*.txt)
	@sh requirements/debian.sh "mariadbd mariadb mariadb-install-db" mariadb-server
	@$(bin)/python -m loaders.known
	@. requirements/environment.sh && pip_configuration_for_uv && \
		.tools/meltano/bin/meltano --log-level=warning install target-duckdb target-parquet
	@touch $@

.tools/axe/.installed:
	@sh requirements/debian.sh npm npm
	@npm install --silent --no-audit --no-fund --prefix .tools/axe axe-core@4.14.1
	@touch $@

.tools/meltano/.installed: requirements/meltano.txt
	@echo "Installing Meltano into .tools/meltano"
	@$(install) .tools/meltano requirements/meltano.txt
	@touch $@

.tools/dbt/.installed: requirements/dbt.txt
	@echo "Installing dbt into .tools/dbt"
	@$(install) .tools/dbt requirements/dbt.txt
	@touch $@

.meltano/.installed: .tools/meltano/.installed meltano.yml requirements/taps.txt \
		requirements/target-postgres.txt $(members:%=%/pyproject.toml) loaders/target-postgres/pyproject.toml
	@echo "Installing the Meltano plugins into .meltano"
	@. requirements/environment.sh && pip_configuration_for_uv && \
		.tools/meltano/bin/meltano --log-level=warning install \
			$(notdir $(taps)) target-postgres dbt-postgres close-report
	@touch $@

.tools/bench-%/.installed: requirements/bench-%.txt
	@echo "Installing what the benchmarks are compared with into .tools/bench-$*"
	@$(install) .tools/bench-$* $<
	@touch $@

# Its hundred packages would bind the versions of the taps', so Airflow has an environment of its own.
.airflow/.installed: requirements/airflow.txt
	@echo "Installing Airflow into .airflow"
	@$(install) .airflow/venv requirements/airflow.txt
	@touch $@

compile = $(uv) pip compile --quiet --upgrade --universal --python-version 3.10 --no-emit-index-url \
	--custom-compile-command "make lock"
own = --no-emit-package erp-common $(taps:taps/%=--no-emit-package %)

lock: .venv/.installed ## newest versions of everything into requirements/*.txt
	@. requirements/environment.sh && pip_configuration_for_uv && set -x && \
	$(compile) --generate-hashes requirements/uv.in -o requirements/uv.txt && \
	$(compile) --generate-hashes requirements/meltano.in -o requirements/meltano.txt && \
	$(compile) --generate-hashes requirements/target-postgres.in -o requirements/target-postgres.txt && \
	$(compile) --generate-hashes requirements/target-text.in -o requirements/target-text.txt && \
	$(compile) --generate-hashes requirements/dbt.in -o requirements/dbt.txt && \
	$(compile) --generate-hashes requirements/bench-dlt.in -o requirements/bench-dlt.txt && \
	$(compile) --generate-hashes requirements/bench-airbyte.in -o requirements/bench-airbyte.txt && \
	$(compile) --generate-hashes requirements/airflow.in -o requirements/airflow.txt && \
	$(compile) $(own) shared/pyproject.toml $(taps:%=%/pyproject.toml) --extra redis -o requirements/taps.txt && \
	$(compile) $(analyses:%=%/pyproject.toml) -o requirements/close-report.txt && \
	$(compile) --generate-hashes $(own) $(members:%=%/pyproject.toml) --group pyproject.toml:dev \
		-o requirements/dev.txt && \
	$(compile) --generate-hashes --constraint requirements/dev.txt requirements/browser.in \
		-o requirements/browser.txt && \
	$(subst 3.10,3.11,$(compile)) --generate-hashes requirements/loaders/target-snowflake.in \
		-o requirements/loaders/target-snowflake.txt && \
	for loader in $(basename $(filter-out %/target-snowflake.in,$(wildcard requirements/loaders/*.in))); do \
		$(compile) --generate-hashes $$loader.in -o $$loader.txt || exit 1; done

clean: ## remove everything that was installed or made
	@[ ! -x $(bin)/python ] || $(bin)/python -m demo.forget
	rm -rf .venv .tools .meltano .airflow .demo dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

# Wheels on other Pythons: whatever interpreters of these the machine has (PATH, pyenv); the newest too.
.PHONY: test-pythons
test-pythons: .venv/.installed ## the wheels on 3.10, 3.13 and the newest Python there is; says what it skips
	$(bin)/python -m house.pythons
