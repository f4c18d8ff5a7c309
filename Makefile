# Two commands matter: `make up` runs the exchange, `make test` tests it. The work is in tools/.
.DEFAULT_GOAL := help
.PHONY: help up demo test check bench requirements clean

BIN := .venv/bin

help: ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

up: ## set everything up once, then start the exchange with the demo office
	@tools/setup run
	@exec $(BIN)/cordboard up

demo: ## a scripted phone calls the shipped scenarios and tells what it heard
	@tools/setup run
	@tools/fetch-speech
	@exec $(BIN)/cordboard demo

test: ## install what the tests need, then check and test everything
	@tools/setup test
	@tools/check
	@tools/run-tests

check: ## format, lint, types, import rules
	@tools/setup dev
	@tools/check

bench: ## calls per second, playing calls, gaps between packets
	@tools/setup test
	@exec bench/run

requirements: ## pin the newest allowed packages again (UPGRADE=NAME for one alone)
	@tools/setup dev
	@tools/pin-requirements $(UPGRADE)

clean: ## remove what set-up and tests have made; ./var with your office stays
	rm -rf .venv .speech .cache dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
