PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python -m scripts
DBT := $(VENV)/bin/dbt

-include .env
export

DEMO_DELIVERED_AT := 2026-03-25T06:00:00Z
DEMO_REDELIVERED_AT := 2026-03-26T06:00:00Z
DEMO_CONSENT_DELIVERED_AT := 2025-09-09T06:00:00Z
DEMO_CONSENT_REDELIVERED_AT := 2025-09-10T06:00:00Z
# the demo writes to the embedded PostgreSQL, never to the server of POSTGRES_DSN
EMBEDDED := env -u POSTGRES_DSN -u POSTGRES_HOST -u POSTGRES_PORT -u POSTGRES_DB -u POSTGRES_USER

.DEFAULT_GOAL := help
.PHONY: help setup demo test prod parity report edr docs bench lint format clean

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: $(VENV)/.ready ## install what the project needs into .venv, and the dbt packages
	@$(RUN).deps
	@$(RUN).land --prepare

$(VENV)/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
		|| { echo "error: $(PYTHON) is not Python 3.11 to 3.13; run make PYTHON=python3.11 …"; exit 1; }
	@echo "installing into $(VENV) (once, a minute or two)"
	@$(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt '.[clickhouse,postgres,report,dev]'
	@touch $@

demo/ad_serving/truth.json:
	@rm -rf demo/ad_serving
	@$(RUN).generate ad_serving --days 30 --events-per-day 4000 --seed 7 --out demo/ad_serving

demo/consent/truth.json:
	@rm -rf demo/consent
	@$(RUN).generate consent --companies 40 --active 10 --events-per-company 3000 --seed 7 --out demo/consent

demo/ad_delivery/batch:
	@mkdir -p demo/ad_delivery
	@$(EMBEDDED) $(RUN).generate ad_delivery batch --advertisers 4 --campaigns 4 --impressions 3000 --ctr 0.03 --seed 7
	@touch $@

demo: setup demo/ad_serving/truth.json demo/consent/truth.json demo/ad_delivery/batch ## generate, land and build all systems on DuckDB, write the report
	@$(RUN).land ad_serving demo/ad_serving --no-redelivery --delivered-at $(DEMO_DELIVERED_AT)
	@$(RUN).land consent demo/consent --no-redelivery --delivered-at $(DEMO_CONSENT_DELIVERED_AT)
	@$(EMBEDDED) $(RUN).extract_postgres --cdc
	@$(DBT) --quiet build --target dev --exclude tag:quality
	@$(RUN).land ad_serving demo/ad_serving/redelivery --delivered-at $(DEMO_REDELIVERED_AT)
	@$(RUN).land consent demo/consent/redelivery --delivered-at $(DEMO_CONSENT_REDELIVERED_AT)
	@test -e demo/ad_delivery/churn || $(EMBEDDED) $(RUN).generate ad_delivery churn --seed 7
	@touch demo/ad_delivery/churn
	@$(EMBEDDED) $(RUN).extract_postgres --cdc
	@$(DBT) --quiet build --target dev
	@$(RUN).report

test: setup lint ## every test, on both engines
	@$(VENV)/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

prod: setup ## push what is landed to ClickHouse (started here if none answers), build, publish what passes its tests, compare with DuckDB
	@$(RUN).prod

parity: setup ## compare every published table on DuckDB and ClickHouse
	@$(RUN).parity

report: setup ## write report/index.html
	@$(RUN).report

edr: setup ## write report/elementary.html, where Elementary's dbt package is installed; TARGET=prod for ClickHouse
	@$(RUN).edr --check
	@$(MAKE) --no-print-directory $(VENV)-edr/.ready
	@$(RUN).edr --target $(or $(TARGET),dev)

$(VENV)-edr/.ready: pyproject.toml constraints-elementary.txt
	@echo "installing edr into $(VENV)-edr (once, a minute or two)"
	@$(PYTHON) -m venv $(VENV)-edr
	@$(VENV)-edr/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints-elementary.txt '.[elementary]'
	@touch $@

docs: setup ## generate dbt's documentation; dbt docs serve shows it
	@$(DBT) --quiet docs generate --target dev

bench: setup ## measure landing, building and extraction; prints a table, writes bench/bench.json
	@$(RUN).bench

lint: setup ## ruff and sqlfluff
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/sqlfluff lint --processes 2 --disable-progress-bar models analyses tests

format: setup ## let ruff and sqlfluff mend what they can
	@$(VENV)/bin/ruff check --fix .
	@$(VENV)/bin/ruff format .
	@$(VENV)/bin/sqlfluff fix --disable-progress-bar models

clean: ## remove what demo, test, prod and bench made; landed deliveries and databases too
	rm -rf demo landing report bench target logs dbt_packages clickhouse-data postgres-data duckhouse.duckdb duckhouse.duckdb.wal
