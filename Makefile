# Every gate of this project in one command each; `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

SWIFT ?= swift
ADDRESS ?= :10180
FUZZ_SECONDS ?= 60
# Addresses of library calls are settled at the start and can then not be overwritten.
RELEASE := -c release --static-swift-stdlib -Xlinker -z -Xlinker relro -Xlinker -z -Xlinker now
BINARY := .build/release/ml_exporter
CHECKED := --explicit-target-dependency-import-check error
# What the release says of its source; a copy without git says nothing.
REVISION := $(shell git describe --always --abbrev=40 --dirty --match= 2>/dev/null)
SWIFT_FILES := $(shell git ls-files '*.swift' 2>/dev/null)

DASHBOARDS := .venv-monitoring/bin/python

.PHONY: help run test e2e dashboards monitoring fleet previews scaling demo deployment torture bench sanitize \
	fuzz lint format build release deb rules kubernetes clean dependencies test-dependencies

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
	ML_EXPORTER_REVISION=$(REVISION) $(SWIFT) build $(RELEASE)

deb: release ## Makes the Debian package below .build/deb
	@deploy/install-dependencies package
	deploy/debian/build

test: dependencies ## Runs the unit tests
	$(SWIFT) test $(CHECKED)

.venv/.made: Tests/EndToEnd/requirements.txt
	python3 -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

e2e: release test-dependencies .venv/.made ## Runs the built daemon against its peers
	.venv/bin/python -m pytest Tests/EndToEnd $(PYTEST)

.venv-monitoring/.made: Tests/Monitoring/requirements.txt
	python3 -m venv .venv-monitoring
	.venv-monitoring/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

dashboards: .venv-monitoring/.made ## Writes dashboards/*.json from dashboards/source
	$(DASHBOARDS) dashboards/source

monitoring: release test-dependencies .venv-monitoring/.made ## Tests dashboards, rules and Alertmanager
	$(DASHBOARDS) -m pytest Tests/Monitoring $(PYTEST)

fleet: test-dependencies .venv-monitoring/.made ## Runs the rules over three simulated weeks of five hosts, minute by minute
	WEEKS_HOSTS=5 WEEKS_STEP=60 $(DASHBOARDS) -m pytest Tests/Monitoring/test_weeks.py -rP $(PYTEST)

previews: release test-dependencies .venv-monitoring/.made ## Draws dashboards/preview/*.png anew
	PREVIEWS=dashboards/preview $(DASHBOARDS) -m pytest Tests/Monitoring/test_panels.py -k picture

scaling: release test-dependencies .venv-monitoring/.made ## Measures pages and writes docs/scaling.md anew
	$(DASHBOARDS) Tests/Monitoring/scaling.py

demo: release test-dependencies ## Shows incidents from push to message; DEMO=--keep leaves it running
	python3 deploy/demo $(DEMO)

.venv-deployment/.made: Tests/Deployment/requirements.txt
	python3 -m venv .venv-deployment
	.venv-deployment/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

deployment: deb test-dependencies .venv-deployment/.made ## Tests units, package, image, manifests and documentation
	@deploy/install-dependencies deployment
	.venv-deployment/bin/python -m pytest Tests/Deployment $(PYTEST)

rules: ## Writes deploy/prometheus/rules/*.yml from deploy/prometheus/source
	deploy/prometheus/generate

kubernetes: rules ## Makes the manifests that are made of rules and dashboards
	deploy/kubernetes/generate

torture: release test-dependencies ## Kills the daemon, cuts its power, lets its disk fail; audits
	python3 Tests/Torture/prove.py
	python3 Tests/Torture $(TORTURE)
	python3 Tests/Torture --pushes groups $(TORTURE)
	python3 Tests/Torture/power.py $(POWER)
	python3 Tests/Torture/faults.py $(FAULTS)

bench: release test-dependencies ## Measures beside node_exporter and a floor in C; keeps the run
	python3 Tests/Benchmarks/bench.py $(BENCH)

# What a sanitizer keeps beside every byte is no matter of the tests of memory.
sanitize: dependencies ## Runs the unit tests under the thread and address sanitizers
	$(SWIFT) test --disable-xctest --skip MemoryTests --sanitize=thread --scratch-path .build-thread
	$(SWIFT) test --disable-xctest --skip MemoryTests --sanitize=address --scratch-path .build-address

fuzz: dependencies ## Runs every fuzzer for FUZZ_SECONDS (60)
	Tests/Fuzz/run $(FUZZ_SECONDS)

lint: ## Checks the format of every Swift file
	$(SWIFT) format lint --strict $(SWIFT_FILES)

format: ## Formats every Swift file
	$(SWIFT) format -i $(SWIFT_FILES)

clean: ## Removes everything that was built
	rm -rf .build .build-thread .build-address .build-fuzz .venv .venv-deployment .venv-monitoring
