PYTHON ?= python3
VENV := .venv
PYTHON_OF_VENV := $(VENV)/bin/python
RUN := $(PYTHON_OF_VENV) -m scripts
DBT := $(VENV)/bin/dbt

# in a shell set up for the demo (set -a; . ./demo.env), SETTINGS names demo.env
-include $(or $(SETTINGS),.env)
export
# without bytecode each command compiles what it imports: dbt starts in 4.9 s instead of 3.4
unexport PYTHONDONTWRITEBYTECODE

# deliveries and databases, at the configured or default places, and the published copy with the remains of a killed run
DUCKDB := $(or $(DUCKHOUSE_DUCKDB),duckhouse.duckdb)
PUBLISHED := $$(dirname "$(DUCKDB)")/published
DATA := "$(or $(DUCKHOUSE_LANDING),landing)" "$(DUCKDB)" "$(DUCKDB).wal" \
	"$(PUBLISHED)/$$(basename "$(DUCKDB)")" "$(PUBLISHED)/.$$(basename "$(DUCKDB)").new" \
	"$(PUBLISHED)/$$(basename "$(DUCKDB)").blocked.json" "$(PUBLISHED)/.$$(basename "$(DUCKDB)").blocked.json.new" \
	"$(or $(DUCKHOUSE_CLICKHOUSE),clickhouse-data)" "$(or $(DUCKHOUSE_POSTGRES),postgres-data)" \
	"$(or $(DUCKHOUSE_LAKE),lake)" kafka-data "$(or $(DUCKHOUSE_ORCHESTRATION),.dagster)"
# the demo has its own folders, database and engine
DEMO := set -a && . ./demo.env && set +a &&
STATE := $(or $(STATE),demo/target)

# everything that make setup, demo and test need; and what make edr and make audit need
ALL := --constraint constraints.txt --editable '.[clickhouse,postgres,s3,stream,report,dashboard,metrics,orchestration,dev]'
ELEMENTARY := --constraint constraints-elementary.txt '.[elementary]'
AUDIT := 'pip-audit>=2.10,<3'

# uv takes a fifth of pip's time. Of pip's settings it gets the index; where it cannot install, pip does.
define install # what, into which environment
	@$(PYTHON) -m venv $(2)
	@pip="$(2)/bin/python -m pip --quiet --disable-pip-version-check"; \
	index="$${UV_DEFAULT_INDEX:-$${PIP_INDEX_URL:-$$($$pip config get global.index-url 2> /dev/null)}}"; \
	{ $$pip install 'uv>=0.13,<0.14' \
		&& UV_DEFAULT_INDEX="$$index" $(2)/bin/uv pip install --quiet --system-certs --python $(2)/bin/python $(1); } \
		|| $$pip install --no-compile $(1)
	@touch $@
endef

.DEFAULT_GOAL := help
.PHONY: help setup packages demo demo-prod test unit modified prod parity report dashboard orchestrate edr audit docs bench lint lint-types lint-sql check format clean purge

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: packages ## install what the project needs into .venv, and the dbt packages
	@$(RUN).land --prepare

packages: $(VENV)/.ready
	@$(RUN).deps

$(VENV)/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
		|| { echo "error: $(PYTHON) is not Python 3.11 to 3.13; run make PYTHON=python3.11 …"; exit 1; }
	@echo "installing into $(VENV) (once, a minute or less)"
	$(call install,$(ALL),$(VENV))

demo: packages ## generate, land and build data of all systems on DuckDB, write demo/report/index.html
	@$(DEMO) $(RUN).land --prepare > /dev/null
	@$(DEMO) $(PYTHON_OF_VENV) -m tools.demo
	@$(DEMO) $(RUN).report
	@echo "make dashboard SETTINGS=demo.env opens the dashboard on it"

demo-prod: packages ## bring the demo to an embedded ClickHouse, publish what passes its tests, compare with DuckDB
	@test -e demo/duckhouse.duckdb || { echo "error: there is no demo: run make demo first"; exit 1; }
	@$(DEMO) $(RUN).prod

test: setup lint ## every test, on both engines; WORKERS=3, one more than two cores, because tests also wait
	@$(VENV)/bin/python -m pytest -n $(or $(WORKERS),3) --dist loadfile --no-loadscope-reorder

unit: setup ## the tests that need neither dbt's builds nor a server
	@$(PYTHON_OF_VENV) -m tools.unit -n 2 --dist loadfile

modified: setup ## build and test on the demo what differs from the manifest in folder STATE (demo/target), and what reads it
	@for file in demo/duckhouse.duckdb "$(STATE)/manifest.json"; do test -e "$$file" \
		|| { echo "error: $$file: not found; make demo makes it, with the code to compare with"; exit 1; }; done
	@$(DEMO) $(RUN).land --prepare > /dev/null
	@$(DEMO) DUCKHOUSE_PUBLISH=false DBT_TARGET_PATH=target/modified \
		$(DBT) build --target dev --select state:modified+ --state "$(STATE)"

prod: setup ## push what is landed to ClickHouse (started here if none answers), build, publish what passes its tests, compare with DuckDB
	@$(RUN).prod

parity: setup ## compare every published table on DuckDB and ClickHouse
	@$(RUN).parity

report: setup ## write report/index.html; TARGET=prod for ClickHouse
	@$(RUN).report --target $(or $(TARGET),dev)

dashboard: packages ## open the dashboard of what is published; TARGET=prod for ClickHouse, PORT=8501, SETTINGS=demo.env for the demo
	@$(RUN).dashboard --target $(or $(TARGET),dev) $(if $(PORT),--port $(PORT))

orchestrate: setup ## open Dagster, which brings, builds, tests and publishes by itself; PORT=3000
	@$(RUN).orchestrate --port $(or $(PORT),3000)

edr: setup ## write report/elementary-dev.html with Elementary, which comes from the dbt hub; TARGET=prod for ClickHouse
	@$(RUN).deps --elementary
	@$(MAKE) --no-print-directory $(VENV)-edr/.ready
	@$(RUN).edr --target $(or $(TARGET),dev)

$(VENV)-edr/.ready: pyproject.toml constraints-elementary.txt
	@echo "installing edr into $(VENV)-edr (once, a minute or less)"
	$(call install,$(ELEMENTARY),$(VENV)-edr)

audit: $(VENV)-audit/.ready ## look up known vulnerabilities of the pinned packages; asks PyPI
	@$(VENV)-audit/bin/pip-audit --strict --requirement constraints.txt --no-deps --disable-pip --progress-spinner off

$(VENV)-audit/.ready:
	$(call install,$(AUDIT),$(VENV)-audit)

docs: setup ## write dbt's documentation as one file that opens in a browser; dbt docs serve shows it too
	@$(DBT) --quiet docs generate --static --target dev
	@echo "$(or $(DBT_TARGET_PATH),target)/static_index.html"

bench: setup ## measure landing, building and extraction; prints a table, writes bench/bench.json
	@$(PYTHON_OF_VENV) -m tools.bench

lint: setup ## ruff, mypy and sqlfluff
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(MAKE) --no-print-directory --jobs 2 --output-sync lint-types lint-sql

lint-types:
	@$(VENV)/bin/mypy
lint-sql:
	@$(PYTHON_OF_VENV) -m tools.lint

check: setup ## dbt reads the project for both targets; modules and models keep the conventions; builds nothing
	@$(DBT) --quiet parse --target prod
	@$(DBT) --quiet parse --target dev
	@$(VENV)/bin/python -m pytest tests/python/test_house.py tests/python/test_conventions.py

format: setup ## let ruff and sqlfluff fix what they can
	@$(VENV)/bin/ruff check --fix .
	@$(VENV)/bin/ruff format .
	@$(VENV)/bin/sqlfluff fix --disable-progress-bar models

clean: ## remove what was generated: the demo, reports, benches, campaigns, dbt's files; deliveries and databases stay
	rm -rf demo report bench chaos target logs

purge: ## remove deliveries and databases too, after a yes
	@printf '%s\n' $(DATA)
	@printf 'remove these, with every delivery and table in them? Type yes: '; read answer; \
		[ "$$answer" = yes ] || { echo "nothing is removed"; exit 1; }
	@$(MAKE) --no-print-directory clean
	rm -rf -- $(DATA)
