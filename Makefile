# UDIHub. `make` shows what there is; `make demo` and `make test` need nothing but Python 3.11-3.13 and the package registries.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV ?= .venv
BIN := $(VENV)/bin
export UV_PYTHON_DOWNLOADS := never
export GX_ANALYTICS_ENABLED := false
# Without bytecode every start compiles a hundred megabytes of libraries anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup setup-dev demo demo-airflow serve check test test-reference lint types bench bench-ingest bench-trace bench-epcis bench-x12 bench-formats bench-identifiers bench-matching bench-quality bench-sync lock docs clean \
	prove-trace prove-meddled prove-properties prove-kill prove-sync prove-airflow prove-fuzz prove-stream prove-extracts prove-tryton

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.site ## a virtual environment that runs the hub
setup-dev: $(VENV)/.dev ## the same with Airflow and the test tools

$(VENV)/.site: requirements/site.txt deploy/bootstrap.sh pyproject.toml
	@deploy/bootstrap.sh $(VENV) site
$(VENV)/.dev: requirements/dev.txt deploy/bootstrap.sh pyproject.toml
	@deploy/bootstrap.sh $(VENV) dev

demo: $(VENV)/.site ## the main job end to end on the demonstration site, then serve (ARGS=--no-serve, ARGS="--seed 7")
	@$(BIN)/udihub demo $(ARGS)

demo-airflow: $(VENV)/.dev ## the demonstration site's flows under a real Airflow with its UI
	@$(BIN)/python -m dags.standalone $(ARGS)

serve: $(VENV)/.site ## the API and the console on the site in UDIHUB_SITE
	@$(BIN)/udihub serve $(ARGS)

check: $(VENV)/.dev lint ## the fast checks: style, types, floors, fast tests (bound: 3 minutes)
	@$(BIN)/mypy & types=$$!; $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not slow and not airflow and not browser"; tests=$$?; wait $$types && exit $$tests

lint: $(VENV)/.dev ## ruff and the import floors
	@$(BIN)/ruff check . && $(BIN)/lint-imports

types: $(VENV)/.dev ## mypy, strict
	@$(BIN)/mypy

test: $(VENV)/.dev ## every test, on SQLite and PostgreSQL, with a real sshd, MariaDB, Airflow and Chromium
	@deploy/system-packages.sh openssh-server:/usr/sbin/sshd chromium:/usr/bin/chromium strace:/usr/bin/strace mosquitto:/usr/sbin/mosquitto rabbitmq-server:/usr/lib/rabbitmq/bin/rabbitmq-server mariadb-server-core:/usr/sbin/mariadbd mariadb-client-core:/usr/bin/my_print_defaults fonts-wqy-microhei:/usr/share/fonts/truetype/wqy/wqy-microhei.ttc
	@$(BIN)/ruff check . && $(BIN)/lint-imports
	@$(BIN)/mypy & types=$$!; UDIHUB_THOROUGH=1 $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder; tests=$$?; wait $$types && exit $$tests

test-reference: $(VENV)/.dev ## tests on the reference material in UDIHUB_REFERENCE
	@if [ -z "$(UDIHUB_REFERENCE)" ]; then echo "UDIHUB_REFERENCE names no folder: nothing was tested on reference material."; \
	else UDIHUB_REFERENCE="$(UDIHUB_REFERENCE)" $(BIN)/pytest tests/reference -s; fi

bench: bench-x12 bench-formats bench-identifiers bench-ingest bench-epcis ## all benchmarks, each with its ratio to a limit

bench-x12: $(VENV)/.dev ## reading X12: MB/s and the ratio to a bare split
	@$(BIN)/python -m benchmarks.x12_read

bench-formats: $(VENV)/.dev ## every format read, mapped and written: MB/s, ratios to a bare split and to other libraries (ARGS="--only x12-850")
	@$(BIN)/python -m benchmarks.formats $(ARGS)

bench-matching: $(VENV)/.dev ## duplicates among 100,000 parties and 200,000 items: precision, recall and time, beside splink and rapidfuzz
	@$(BIN)/python -m benchmarks.matching $(ARGS)

bench-quality: $(VENV)/.dev ## a contract over a million rows in PostgreSQL by Great Expectations beside hand-written SQL, failing rows by key (ARGS="--rows 10000")
	@$(BIN)/python -m benchmarks.quality $(ARGS)

bench-identifiers: $(VENV)/.dev ## UDI strings beside biip, one by one and as columns, and a million check digits beside numpy, on one core
	@$(BIN)/python -m benchmarks.identifiers $(ARGS)

bench-ingest: $(VENV)/.dev ## 856s kept in full per second, SQLite and PostgreSQL, and the ratio to bare loading
	@$(BIN)/python -m benchmarks.ingest

bench-epcis: $(VENV)/.dev ## EPCIS events captured in full per second, SQLite and PostgreSQL, and the ratio to bare loading (ARGS="--syntax xml")
	@$(BIN)/python -m benchmarks.epcis $(ARGS)

bench-sync: $(VENV)/.dev ## 100,000 records pulled by REST and by SQL, kept and applied in flat memory, beside the peer's own speed (ARGS="--records 10000")
	@$(BIN)/python -m benchmarks.sync $(ARGS)

bench-trace: $(VENV)/.dev ## traces of 10, 1,000 and 10,000 nodes and recall lists on 100 k and 1 M edges beside bare index probes (ARGS="--only sqlite")
	@$(BIN)/python -m benchmarks.trace $(ARGS)

prove-trace: $(VENV)/.dev ## the same on 1 M and 10 M edges: a trace costs what is in its answer, whatever the size of the store
	@$(BIN)/python -m benchmarks.trace --small 1000000 --edges 10000000 $(ARGS)

prove-properties: $(VENV)/.dev ## every property test on examples drawn anew, ten times as many (TIMES=50, ARGS="tests/mappings")
	@UDIHUB_SEARCH=$(or $(TIMES),10) $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder -m hypothesis $(ARGS)

prove-kill: $(VENV)/.dev ## kill -9 of the server at 200 random moments while documents are posted
	@$(BIN)/pytest tests/journeys/test_kill.py --kills 200 -s

prove-sync: $(VENV)/.dev ## by strace: no acknowledgement leaves before its bytes are synced
	@deploy/system-packages.sh strace:/usr/bin/strace
	@$(BIN)/pytest tests/journeys/test_sync.py -s

prove-meddled: $(VENV)/.dev ## 10,000 records from and to peers that are stopped, slowed and answer 429, 500, half a body or an error under 200, or over a line that is cut: all arrive, once, in order
	@deploy/system-packages.sh mosquitto:/usr/sbin/mosquitto rabbitmq-server:/usr/lib/rabbitmq/bin/rabbitmq-server mariadb-server-core:/usr/sbin/mariadbd mariadb-client-core:/usr/bin/my_print_defaults
	@UDIHUB_RECORDS=$${UDIHUB_RECORDS:-10000} $(BIN)/pytest tests/hub/test_meddled.py tests/hub/test_meddled_databases.py tests/hub/test_meddled_streams.py -n 0 --durations=0 --timeout 3600

prove-airflow: $(VENV)/.dev ## one flow under a real Airflow scheduler, twice
	@$(BIN)/pytest tests/dags -m slow -s

prove-fuzz: $(VENV)/.dev ## 200,000 damaged documents for each syntax: a tree or findings, within 2 s and 256 MB (ARGS="--inputs 5000 --syntax x12 --seed 2")
	@$(BIN)/python -m tests.fuzz.campaign $(ARGS)

prove-stream: $(VENV)/.dev ## an interchange of 1 GB, X12 and EDIFACT, checked and mapped message by message under 200 MB (ARGS="--megabytes 100")
	@$(BIN)/python -m benchmarks.stream $(ARGS)

prove-extracts: $(VENV)/.dev ## a register's release of 1 M devices, as XML and delimited, compared with our own under 200 MB (ARGS="--records 100000")
	@$(BIN)/python -m benchmarks.extracts $(ARGS)

prove-tryton: $(VENV)/.dev ## a real Tryton 8.2 installed, pulled by stamp, and told what a supplier said by X12 (PEERS=DIR keeps it)
	@UDIHUB_PEERS="$(or $(PEERS),$(HOME)/.cache/udihub)" $(BIN)/pytest -n 0 tests/journeys/test_tryton.py $(ARGS)

lock: ## renew the hashed lock files
	@deploy/lock.sh $(VENV)

docs: $(VENV)/.dev ## renew the generated pages
	@$(BIN)/python -m data_contracts.rules.document > docs/rules.md
	@$(BIN)/python -m connectors.preset_document > docs/presets.md

clean: ## remove the virtual environment and caches
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
