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
# Set by .ci/run, which builds once: test stages that run side by side would wait for SwiftPM's lock.
BUILT ?=
RELEASE_BUILD := $(if $(BUILT),,release)

DASHBOARDS := .venv-monitoring/bin/python

.PHONY: help run chroot dist dist-check build-tests environments sanitize-short mutants test e2e dashboards monitoring fleet previews scaling demo deployment torture bench sanitize \
	python python-frameworks python-bench wheel statistics fuzz lint format build release deb rules kubernetes clean dependencies

# What users want; all others are for those who work on it.
FOR_USERS := help run demo release deb wheel dist rules kubernetes

help: ## Lists the targets
	@awk -F ':.*## ' -v users=' $(FOR_USERS) ' '/^[a-z0-9-]+:.*## / { \
		line = sprintf("  make %-18s %s\n", $$1, $$2); \
		if (index(users, " " $$1 " ")) use = use line; else work = work line } \
		END { printf "To use it\n%s\nTo work on it\n%s", use, work }' Makefile

dependencies:
	@deploy/install-dependencies

# What a group of targets needs beside the build.
%-dependencies:
	@deploy/install-dependencies $*

run: $(RELEASE_BUILD) ## Builds a release and runs it on ADDRESS (:10180)
	@exec deploy/run $(ADDRESS)

build: dependencies ## Builds for debugging; warnings are errors
	$(SWIFT) build $(CHECKED)

build-tests: dependencies ## Builds for debugging, the unit tests included
	$(SWIFT) build $(CHECKED) --build-tests

release: dependencies ## Builds the release with the Swift standard library inside
	ML_EXPORTER_REVISION=$(REVISION) $(SWIFT) build $(RELEASE)

deb: $(RELEASE_BUILD) ## Makes the Debian package below .build/deb
	@deploy/install-dependencies package
	deploy/debian/build

dist: deb wheel ## Collects a release below .build/dist: tarball, package, wheel, bill of materials, checksums
	deploy/dist/build

dist-check: dist ## Builds the release again in another folder and compares the bytes
	Tests/Dist/twice

test: $(if $(BUILT),,build-tests) ## Runs the unit tests; prints failures and a summary
	@Tests/summary $(SWIFT) test --disable-xctest --skip-build $(TEST)

.venv/.made: Tests/EndToEnd/requirements.txt
	python3 -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

e2e: $(RELEASE_BUILD) e2e-dependencies .venv/.made ## Runs the built daemon against its peers
	.venv/bin/python -m pytest Tests/EndToEnd $(PYTEST)

.venv-monitoring/.made: Tests/Monitoring/requirements.txt
	python3 -m venv .venv-monitoring
	.venv-monitoring/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

dashboards: .venv-monitoring/.made ## Writes dashboards/*.json from dashboards/source
	$(DASHBOARDS) dashboards/source

monitoring: $(RELEASE_BUILD) monitoring-dependencies .venv-monitoring/.made ## Tests dashboards, rules and Alertmanager
	$(DASHBOARDS) -m pytest Tests/Monitoring $(PYTEST)

fleet: monitoring-dependencies .venv-monitoring/.made ## Runs the rules over three simulated weeks of five hosts, minute by minute
	WEEKS_HOSTS=5 WEEKS_STEP=60 $(DASHBOARDS) -m pytest Tests/Monitoring/test_weeks.py -rP $(PYTEST)

previews: $(RELEASE_BUILD) monitoring-dependencies .venv-monitoring/.made ## Draws dashboards/preview/*.png from six simulated hours
	$(DASHBOARDS) Tests/Monitoring/previews.py

scaling: release monitoring-dependencies .venv-monitoring/.made ## Measures pages and rewrites docs/scaling.md
	$(DASHBOARDS) Tests/Monitoring/scaling.py

demo: release demo-dependencies ## Shows incidents from push to message; DEMO=--keep leaves it running
	python3 deploy/demo $(DEMO)

.venv-deployment/.made: Tests/Deployment/requirements.txt
	python3 -m venv .venv-deployment
	.venv-deployment/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

deployment: deb wheel deployment-dependencies .venv-deployment/.made ## Tests units, package, image, manifests and documentation
	.venv-deployment/bin/python -m pytest Tests/Deployment $(PYTEST)

chroot: chroot-dependencies ## Runs these commands on a bare Debian 12 made by mmdebstrap; CHROOT=test adds the unit tests
	Tests/Chroot/run $(CHROOT)

rules: ## Writes deploy/prometheus/rules/*.yml; RUNBOOKS=URL GRAFANA=URL are where alerts link to
	deploy/prometheus/generate

kubernetes: rules ## Makes the manifests that are made of rules and dashboards
	deploy/kubernetes/generate

.venv-python/.made: deploy/python/tests/requirements.txt
	python3 -m venv .venv-python .venv-wheel
	.venv-python/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

python: $(RELEASE_BUILD) python-dependencies .venv-python/.made ## Tests the Python client on the real daemon
	cd deploy/python && ../../.venv-python/bin/python -m pytest -m 'not frameworks' $(PYTEST)

.venv-frameworks/.made: deploy/python/tests/requirements-frameworks.txt
	python3 -m venv .venv-frameworks
	.venv-frameworks/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

python-frameworks: release python-dependencies .venv-frameworks/.made ## Tests callbacks in Keras on jax, Lightning and transformers (gigabytes)
	cd deploy/python && ../../.venv-frameworks/bin/python -m pytest -m frameworks tests/test_frameworks.py $(PYTEST)

python-bench: release python-dependencies .venv-python/.made ## Measures an event of the Python client; keeps the run
	.venv-python/bin/python Tests/Benchmarks/client.py $(BENCH)

.venv-wheel/.made: deploy/python/requirements-build.txt | python-dependencies
	python3 -m venv .venv-wheel
	.venv-wheel/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

# The date of the last commit makes two builds of one commit equal.
wheel: .venv-wheel/.made ## Builds the wheel of the Python client below .build/wheel
	mkdir -p .build/wheel
	SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct 2>/dev/null || echo 1795000000)} \
		.venv-wheel/bin/python -m flit_core.wheel --outdir .build/wheel deploy/python

torture: release torture-dependencies ## Kills the daemon, cuts its power, changes, removes and fails its files; audits
	python3 Tests/Torture/prove.py
	python3 Tests/Torture $(TORTURE)
	python3 Tests/Torture --pushes groups $(TORTURE)
	python3 Tests/Torture/power.py $(POWER)
	python3 Tests/Torture/faults.py $(FAULTS)
	python3 Tests/Torture/mixed.py $(MIXED)
	python3 Tests/Torture/damage.py $(DAMAGE)
	python3 Tests/Torture/removal.py $(REMOVAL)

bench: release benchmark-dependencies ## Measures beside node_exporter and a floor in C; keeps the run
	python3 Tests/Benchmarks/bench.py $(BENCH)

.venv-statistics/.made: Tests/Statistics/requirements.txt | python-dependencies
	python3 -m venv .venv-statistics
	.venv-statistics/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

statistics: release .venv-statistics/.made ## Compares drift with scipy and Evidently; long null and power tests
	.venv-statistics/bin/python Tests/Statistics/compare.py
	STATISTICS_ROUNDS=$(or $(ROUNDS),200) $(SWIFT) test --filter NullAndPowerTests

# MemoryTests measure resident memory, which a sanitizer's shadow memory inflates.
sanitize: dependencies ## Runs the unit tests under the thread and address sanitizers
	$(SWIFT) test --disable-xctest --skip MemoryTests --sanitize=thread --scratch-path .build-thread
	$(SWIFT) test --disable-xctest --skip MemoryTests --sanitize=address --scratch-path .build-address

# The modules in which threads meet; `make sanitize` runs all.
CONCURRENT := Kernel HTTP Journal Groups Intake Series
sanitize-short: dependencies ## Runs the unit tests of the concurrent modules under the thread sanitizer
	Tests/summary $(SWIFT) test --disable-xctest --skip MemoryTests --sanitize=thread \
		--scratch-path .build-thread $(addprefix --filter ,$(addsuffix Tests,$(CONCURRENT)))

environments: .venv/.made .venv-monitoring/.made .venv-deployment/.made .venv-python/.made ## Makes the Python environments of the tests

mutants: dependencies ## Changes one operator at a time and runs the unit tests; MUTANTS="--count 40 --seed 1"
	python3 Tests/Mutants/mutants.py $(MUTANTS)

fuzz: dependencies ## Runs every fuzzer for FUZZ_SECONDS (60)
	Tests/Fuzz/run $(FUZZ_SECONDS)

lint: ## Checks the format of Swift files and pages, and the words of every text
	@$(SWIFT) format lint --strict $(SWIFT_FILES)
	python3 Tests/Language/words.py
	python3 Tests/Language/documents.py

format: ## Formats every Swift file
	$(SWIFT) format -i $(SWIFT_FILES)

clean: ## Removes everything that was built
	rm -rf .build .build-thread .build-address .build-fuzz .venv .venv-deployment .venv-frameworks .venv-monitoring \
		.venv-python .venv-wheel
