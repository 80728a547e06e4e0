# Every gate of this project in one command each; `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

SWIFT ?= swift
ADDRESS ?= :10180
FUZZ_SECONDS ?= 60
RELEASE := -c release --static-swift-stdlib
BINARY := .build/release/ml_exporter
CHECKED := --explicit-target-dependency-import-check error
SWIFT_FILES := $(shell git ls-files '*.swift' 2>/dev/null)

.PHONY: help run test e2e bench sanitize fuzz lint format build release clean dependencies \
	test-dependencies

help: ## Lists the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

dependencies:
	@deploy/install-dependencies

test-dependencies:
	@deploy/install-dependencies tests

run: release ## Builds a release and runs it on ADDRESS (:10180)
	@port=$(lastword $(subst :, ,$(ADDRESS))); \
	printf 'metrics  http://localhost:%s/metrics\nlanding  http://localhost:%s/\n' $$port $$port; \
	printf 'health   http://localhost:%s/-/healthy\n' $$port
	@exec $(BINARY) --web.listen-address=$(ADDRESS)

build: dependencies ## Builds for debugging; warnings are errors
	$(SWIFT) build $(CHECKED)

release: dependencies ## Builds the release with the Swift standard library inside
	$(SWIFT) build $(RELEASE)

test: dependencies ## Runs the unit tests
	$(SWIFT) test $(CHECKED)

.venv/.made: Tests/EndToEnd/requirements.txt
	python3 -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

e2e: release test-dependencies .venv/.made ## Runs the built daemon against its peers
	.venv/bin/python -m pytest Tests/EndToEnd $(PYTEST)

bench: release test-dependencies ## Measures beside node_exporter and a floor in C; keeps the run
	python3 Tests/Benchmarks/bench.py $(BENCH)

sanitize: dependencies ## Runs the unit tests under the thread and address sanitizers
	$(SWIFT) test --disable-xctest --sanitize=thread --scratch-path .build-thread
	$(SWIFT) test --disable-xctest --sanitize=address --scratch-path .build-address

fuzz: dependencies ## Runs every fuzzer for FUZZ_SECONDS (60)
	Tests/Fuzz/run $(FUZZ_SECONDS)

lint: ## Checks the format of every Swift file
	$(SWIFT) format lint --strict $(SWIFT_FILES)

format: ## Formats every Swift file
	$(SWIFT) format -i $(SWIFT_FILES)

clean: ## Removes everything that was built
	rm -rf .build .build-thread .build-address .build-fuzz .venv
