# Messenger. `make` alone lists what there is.

CARGO       ?= cargo
TARGET      := $(or $(CARGO_TARGET_DIR),target)
# Arguments of `messengerd serve` for run and dev, of `migrate`, such as
# ARGS="--listen 127.0.0.1:9443".
ARGS        ?=
# How often `make chaos` kills.
ROUNDS      ?= 1000
# How long each part of `make soak` lasts, in seconds.
SOAK_SECONDS ?= 60
# How long `make fuzz` runs, in seconds.
FUZZ_SECONDS ?= 60
# Of compose.yaml, for docker-up: "cluster" for two daemons behind a balancer.
PROFILE     ?=

.DEFAULT_GOAL := help
.PHONY: help build run dev test bench clean fmt lint install-deps setup-dev mod chaos fuzz soak \
	migrate docker-up docker-down completions man swagger

help: ## List these targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## Build the daemon and the client, optimised, into target/release
	$(CARGO) build --release --locked --bins

run: ## Install what the build needs, build, start the daemon, say what to type next
	@.ci/install-deps build
	@$(MAKE) --no-print-directory build
	@.ci/start $(TARGET)/release $(ARGS)

dev: ## Run the daemon unoptimised, again after each change of its sources
	@.ci/install-deps build
	@.ci/dev $(ARGS)

test: ## Install what the tests need, then check format, lints, docs, all tests, the unit
	@.ci/install-deps test
	@$(MAKE) --no-print-directory lint
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --locked
	.ci/with-servers $(CARGO) nextest run --workspace --locked
	$(CARGO) test --workspace --doc --locked
	$(CARGO) build -p messengerd --locked
	.ci/schemathesis $(TARGET)/debug/messengerd
	.ci/verify-unit $(TARGET)/debug/messengerd

bench: ## Run all benches; JSON lines and a table, kept in target/bench
	@.ci/install-deps test
	@mkdir -p $(TARGET)/bench
	$(CARGO) bench --workspace --locked > $(TARGET)/bench/output.txt
	@grep '^{' $(TARGET)/bench/output.txt > $(TARGET)/bench/latest.jsonl
	@cat $(TARGET)/bench/latest.jsonl
	@.ci/bench-table < $(TARGET)/bench/latest.jsonl | tee $(TARGET)/bench/latest.txt

clean: ## Remove what was built
	$(CARGO) clean

fmt: ## Format the sources
	$(CARGO) fmt --all

lint: ## Check format, lints (warnings are errors) and the dependency tree
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	.ci/verify-tree

install-deps: ## Install what build and tests need (Debian, Ubuntu; sudo when not root)
	@.ci/install-deps test

setup-dev: install-deps ## The same, fetch all dependencies and build the tests once
	$(CARGO) fetch --locked
	$(CARGO) nextest run --workspace --locked --no-run

mod: ## Tidy the dependencies: bring the lock file up to date, list repeated versions
	$(CARGO) update
	$(CARGO) tree --workspace --duplicates --edges normal
	.ci/verify-tree

completions: ## Write the completions of bash, zsh and fish anew, from the programs' arguments
	@.ci/install-deps build
	$(CARGO) run --quiet --locked -p mchat --example documents

man: completions ## Write the manual and the README's table of actions anew, likewise

swagger: ## Write the OpenAPI document of the web endpoint anew, into messengerd/openapi.json
	@.ci/install-deps build
	$(CARGO) run --quiet --locked -p messengerd --example openapi > $(TARGET)/openapi.json
	@mv $(TARGET)/openapi.json messengerd/openapi.json

chaos: ## Kill daemon and client ROUNDS times (1000) while messages flow
	@.ci/install-deps test
	CHAOS_ROUNDS=$(ROUNDS) .ci/with-servers $(CARGO) nextest run --workspace --locked --release --profile chaos \
		--no-tests fail --no-capture -E 'test(/chaos/)'

soak: ## 200 chats, then one of 2000, on the web socket for SOAK_SECONDS (60) each
	@.ci/install-deps test
	SOAK_SECONDS=$(SOAK_SECONDS) $(CARGO) bench -p messengerd --bench socket --locked

fuzz: ## Feed the decoder with mutated frames for FUZZ_SECONDS (60)
	@.ci/install-deps test
	@$(CARGO) fuzz --version >/dev/null 2>&1 || $(CARGO) install --locked cargo-fuzz
	proto/fuzz/seed.sh proto/tests/golden.txt proto/fuzz/corpus/decode
	cd proto && RUSTC_BOOTSTRAP=1 $(CARGO) fuzz run decode -- \
		-max_total_time=$(FUZZ_SECONDS) -max_len=8192 -rss_limit_mb=1024

migrate: ## Bring the store that the settings name up to this version's schema
	@.ci/install-deps build
	$(CARGO) run --release --locked -p messengerd -- migrate $(ARGS)

docker-up: ## Daemon, PostgreSQL and Redis in containers; PROFILE=cluster for two daemons
	@.ci/compose up $(PROFILE)

docker-down: ## Stop the containers; what they stored stays
	@.ci/compose down
