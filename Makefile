# The manual: `make` alone prints these words.
.DEFAULT_GOAL := help
.PHONY: help install dev run test test-all lint docs bench lock screenshots

PYTHON = .venv/bin/python
PIP = $(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes
# Versions of the m8tes SDK that drive the server in the tests, each in an environment of its own.
SDKS = 1.5.0 4.49.0
# Versions of agno, for its AgentOSClient, likewise.
AGNOS = 2.5.6 3.1.10
PEER = 3.1.10
# $(call environment,FOLDER,LOCK): make an environment of its own for what a lock file names.
define environment
	@echo "Installing what $(2) names ..."
	@$(PYTHON) -m venv --clear --without-pip $(1)
	@$(PYTHON) -m pip --python $(1)/bin/python install --quiet --disable-pip-version-check --require-hashes \
		--no-deps --no-compile --ignore-requires-python -r $(2)
	@touch $(1)/installed
endef

help:
	@echo "make install      make .venv from requirements.lock; instant when nothing changed"
	@echo "make run          start Sayso on http://127.0.0.1:8000; the first start prints a sign-in link"
	@echo "make test         run every test; ARGS=\"-k inbox\" is handed to pytest"
	@echo "make test-all     the same, then what matters on PostgreSQL, Redis and worker processes"
	@echo "make lint         check style, types and templates"
	@echo "make docs         check that the documents and the code say the same"
	@echo "make bench        measure what runs cost and workers carry, beside AgentOS too; see bench/README.md"
	@echo "make lock         write the lock files anew from pyproject.toml"
	@echo "make screenshots  take the picture in the README anew"

install: .venv/installed
dev: .venv/installed-dev $(SDKS:%=.venv-sdks/%/installed) $(AGNOS:%=.venv-sdks/agno-%/installed)

.venv/bin/python:
	@bin/make-venv .venv

.venv/installed: requirements.lock | .venv/bin/python
	@echo "Installing what requirements.lock names ..."
	@$(PIP) -r requirements.lock
	@touch $@

.venv/installed-dev: requirements-dev.lock .venv/installed
	@echo "Installing what requirements-dev.lock names ..."
	@$(PIP) -r requirements-dev.lock
	@touch $@

# The SDK says that it needs 3.11.9; it works on every 3.11.
.venv-sdks/%/installed: tests/api/sdk/m8tes-%.lock | .venv/bin/python
	$(call environment,.venv-sdks/$*,$<)

.venv-sdks/agno-%/installed: tests/api/agentos/agno-%.lock | .venv/bin/python
	$(call environment,.venv-sdks/agno-$*,$<)

# AgentOS as a server, which the bench measures beside Sayso.
.venv-sdks/peer/installed: bench/peer.lock | .venv/bin/python
	$(call environment,.venv-sdks/peer,$<)

run: install
	@$(PYTHON) manage.py serve $(ARGS)

test: dev
	@$(PYTHON) -m pytest -n auto --dist loadfile --no-loadscope-reorder -m "not postgres" $(ARGS)

# Both are started by the tests themselves; what is missing is named.
test-all: test
	@$(PYTHON) -m pytest tests/backends tests/chaos
	@$(PYTHON) -m tests.on_postgres -n 2 --dist loadfile --no-loadscope-reorder -q --ignore tests/faults/test_kill.py \
		tests/engine tests/runs tests/approvals tests/faults tests/api
	@EXAMPLES=2000 $(PYTHON) -m pytest -q --timeout 900 tests/api/test_any_request.py

lint: dev
	$(PYTHON) -m ruff check
	$(PYTHON) -m ruff format --check
	$(PYTHON) -m mypy
	$(PYTHON) -m pytest -q tests/test_architecture.py tests/test_templates.py

docs: dev
	@$(PYTHON) -m pytest tests/test_docs.py tests/teammates/test_tool_docs.py

bench: dev .venv-sdks/peer/installed
	@$(PYTHON) -m bench.live $(ARGS)

lock: dev
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(PYTHON) -m uv pip compile --universal --generate-hashes -q \
		pyproject.toml --extra postgres --extra redis -o requirements.lock
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(PYTHON) -m uv pip compile --universal --generate-hashes -q \
		pyproject.toml --extra postgres --extra redis --group dev -c requirements.lock -o requirements-dev.lock
	for version in $(SDKS); do echo m8tes==$$version | UV_CUSTOM_COMPILE_COMMAND="make lock" $(PYTHON) -m uv pip compile \
		--universal --python-version 3.11.9 --generate-hashes -q - -o tests/api/sdk/m8tes-$$version.lock || exit 1; done
	for version in $(AGNOS); do printf 'agno==%s\nfastapi\n' $$version | UV_CUSTOM_COMPILE_COMMAND="make lock" \
		$(PYTHON) -m uv pip compile --universal --python-version 3.11 --generate-hashes -q - \
		-o tests/api/agentos/agno-$$version.lock || exit 1; done
	printf 'agno[os]==%s\nopenai\n' $(PEER) | UV_CUSTOM_COMPILE_COMMAND="make lock" $(PYTHON) -m uv pip compile \
		--universal --python-version 3.11 --generate-hashes -q - -o bench/peer.lock

screenshots: dev
	@$(PYTHON) docs/screenshots.py
