# The versions of the tools that the tests need besides Go.
GOLANGCI_LINT := v2.15.0
# A program, and the package that has it where that has another name.
PACKAGES := redis-server python3 busybox /usr/lib/python3/dist-packages/kafka:python3-kafka openssl npm beanstalkd nats-server prometheus rabbitmq-server mariadbd:mariadb-server kcat \
	/usr/lib/postgresql/*/bin/postgres:postgresql
FAUXQS := 2.4.1
PLATFORMS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64

# Tools are built once into a cache outside the checkout.
TOOLS := $(shell go env GOCACHE)/kscope-tools
LINT := $(TOOLS)/golangci-lint-$(GOLANGCI_LINT)

# How long each fuzz target runs, and with what its test is built: what is built to
# measure coverage finds more, and has to compile every dependency anew.
FUZZTIME := 10m
FUZZBUILD := -fuzz=.
FUZZARGS :=

.PHONY: build install size test release quick race fuzz fuzz-quick monkey score score-some states lint fmt tidy platforms cross e2e brokers golden bench perf soak soak-cluster packages cluster cluster-down demo

# What is compiled without inlining: clients and types that are called now and then. It
# makes the program 3 MB smaller, and nothing on the way to the screen slower.
SELDOM := k8s.io sigs.k8s.io github.com/twmb github.com/klauspost google.golang.org github.com/aws golang.org/x/net golang.org/x/oauth2 \
	github.com/nats-io github.com/lib github.com/go-sql-driver github.com/rabbitmq github.com/yuin github.com/alicebob github.com/expr-lang \
	github.com/google github.com/fxamacker go.yaml.in github.com/spf13 github.com/json-iterator github.com/redis
SMALL := $(foreach m,$(SELDOM),-gcflags=$(m)/...=-l)

# Without cgo kscope needs no libc, which would be resident beside it.
build: ## bin/kscope
	CGO_ENABLED=0 go build $(SMALL) -o bin/kscope ./cmd/kscope

install: ## kscope into GOBIN
	CGO_ENABLED=0 go install $(SMALL) ./cmd/kscope

# The bound is in bytes, of a program without its symbols, on Linux.
size: ## how large a release is, which may not grow beyond 45 MB
	@f=$$(mktemp); trap 'rm -f '$$f EXIT; GOOS=linux GOARCH=amd64 CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' $(SMALL) -o $$f ./cmd/kscope; \
	n=$$(wc -c <$$f); echo "kscope has $$n bytes"; test $$n -lt 45000000

test: packages fmt tidy lint race monkey fuzz-quick score-some platforms e2e ## everything, as CI runs it

release: cross size perf ## what takes too long for every change; run before an issue is called resolved

quick: ## the inner loop, under a minute
	go vet ./...
	go test ./...

# Without go vet's part in go test, for lint does all of go vet.
race: ## unit tests with the race detector
	go test -race -vet=off ./...

# Each begins with its seeds alone, so that what it finds, anybody finds. What it
# finds is in testdata/fuzz of its package, to be mended and committed. Go fails
# with "context deadline exceeded" when the time is up in the middle of a run.
fuzz: ## every fuzz target for FUZZTIME
	@status=0; tmp=$$(mktemp -d); trap 'rm -rf $$tmp' EXIT; \
	for dir in $$(git grep -l '^func Fuzz' -- '*_test.go' | xargs -n 1 dirname | sort -u); do \
		(cd $$dir && go test -vet=off -c $(FUZZBUILD) -o $$tmp/fuzz .) || exit 1; \
		for target in $$(cd $$dir && $$tmp/fuzz -test.list '^Fuzz'); do \
			echo "$$dir $$target"; \
			(cd $$dir && $$tmp/fuzz -test.run '^$$' -test.fuzz "^$$target\$$" -test.fuzztime $(FUZZTIME) $(FUZZARGS) \
				-test.fuzzminimizetime 10s -test.fuzzcachedir $$tmp/corpus/$$dir >$$tmp/log 2>&1) || \
				{ grep -q 'context deadline exceeded' $$tmp/log && ! grep -q 'Failing input' $$tmp/log; } || { status=1; cat $$tmp/log; }; \
			tail -n 3 $$tmp/log | grep '^fuzz: elapsed' | tail -n 1; \
		done; \
	done; exit $$status

monkey: ## what has too many cases for every run: keys, sizes and messages by chance, views in windows, random ScaledObjects
	go test -vet=off -count=1 -run '^(TestMonkey|TestEveryViewInEveryWindow|TestEscapeIsSeen|TestHugeWindows|TestOddFacts)$$' ./tui -steps 100000 -sweep-every 48
	go test -vet=off -count=1 -run '^TestRandomScaledObjects$$' ./sandbox/world -objects 300

# In its folder, where go test shows what a test prints. One story, second by second:
# cd sandbox && go test -run '^TestScore$' -score-story healthy-27
score: ## how much of what is said of scaling comes true, in 830 stories
	cd sandbox && go test -vet=off -count=1 -timeout 1h -run '^TestScore$$' -score-every 1

score-some: ## the same in every eighth
	go test -vet=off -count=1 -run '^(TestScore|TestStories)$$' ./sandbox -score-every 8

states: ## a picture of each state at 80x24 into states/, to be read: less -R states/*.ans
	go test -vet=off -count=1 -run '^TestStates$$' ./sandbox -states $(CURDIR)/states

# Each tries as much, in nearly the same order every time, however fast the machine is, so
# that a change is not stopped by what chance found. Coverage is not measured, which
# would compile every dependency anew.
fuzz-quick: ## every fuzz target 2,000 times, its seeds among them
	@GODEBUG=fuzzseed=1 $(MAKE) --no-print-directory fuzz FUZZTIME=2000x FUZZBUILD= FUZZARGS="-test.parallel 1"

fmt: ## fail on files that gofmt would change
	@out=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$out" || { echo "run gofmt -w on:"; echo "$$out"; exit 1; }

tidy: ## fail if go.mod is not tidy
	go mod tidy -diff
	cd e2e && go mod tidy -diff
	cd e2e/httpaddon && go mod tidy -diff

# Its govet is go vet with one check more, and reuses what it has read.
lint: $(LINT) ## golangci-lint, in both modules
	$(LINT) run ./...
	cd e2e && $(LINT) run ./...

$(LINT):
	@mkdir -p $(TOOLS)
	GOBIN=$(TOOLS) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT)
	mv $(TOOLS)/golangci-lint $@

# Whether it compiles is a question of names and types. Asking only that takes
# seconds for each platform; compiling every dependency six times, minutes.
platforms: ## what would not compile on a platform
	cd e2e && go run ./platforms -C .. $(PLATFORMS)

cross: ## build for every platform, with the linker's word as well
	@set -e; for p in $(PLATFORMS); do echo "build $$p"; GOOS=$${p%/*} GOARCH=$${p#*/} CGO_ENABLED=0 go build -o /dev/null ./cmd/kscope; done

e2e: ## the real binary against a real control plane, KEDA and Redis
	cd e2e && go run . build
	cd e2e && go test -vet=off -count=1 -timeout 30m ./...

brokers: packages ## kscope and the real KEDA asked the same by servers of every kind, as in docs/brokers.md
	cd e2e && go test -vet=off -count=1 -timeout 30m -v ./brokers

golden: ## rewrite the golden files, to be read before they are committed
	go test ./explain ./tui/... -update

bench: ## benchmarks with allocations
	go test -run '^$$' -bench . -benchmem ./...

perf: packages ## the limits to hold, measured on a real cluster, as in docs/performance.md
	cd e2e && go run . perf

soak: ## two hours of the sandbox at 60 times life, with everything that goes wrong
	cd e2e && go test -vet=off -count=1 -timeout 3h -v -run TestSoak ./sandbox -soak 2h

soak-cluster: packages ## an hour of the dashboard on a real cluster, with everything that goes wrong
	cd e2e && go test -vet=off -count=1 -timeout 2h -v -run TestSoakOnACluster ./dashboard -soak 1h

packages: ## what the tests need from the system; needs root where something is missing
	@missing=""; for p in $(PACKAGES); do command -v $${p%%:*} >/dev/null || ls $${p%%:*} >/dev/null 2>&1 || missing="$$missing $${p##*:}"; done; \
	test -z "$$missing" || { echo "installing$$missing"; apt-get update -qq && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; }
	@$(MAKE) --no-print-directory $(TOOLS)/fauxqs-$(FAUXQS)

# A stand-in for Amazon SQS. It needs a Node.js that knows SQLite, from 22.5 on.
$(TOOLS)/fauxqs-$(FAUXQS):
	@node=""; node -e 'require("node:sqlite")' 2>/dev/null || node=node@22; \
	rm -rf $@.new && npm install --silent --no-audit --no-fund --prefix $@.new fauxqs@$(FAUXQS) $$node && mv $@.new $@

cluster: packages ## start a real control plane, KEDA and Redis, and say how to use them
	cd e2e && go run . up

cluster-down: ## stop what make cluster started
	cd e2e && go run . down

demo: cluster build ## the dashboard on the demo, on a real cluster of your own
	cd e2e && go run . demo
	KUBECONFIG=$$(cd e2e && go run . kubeconfig) bin/kscope -n demo
