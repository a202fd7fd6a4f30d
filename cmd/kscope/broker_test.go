package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sandbox"
	"github.com/kscope/kscope/sources/broker"
)

// tube is a Deployment that a tube of beanstalkd scales, at an address that nobody has.
const tube = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: mailer, namespace: shop}
spec:
  replicas: 0
  selector: {matchLabels: {app: mailer}}
  template:
    metadata: {labels: {app: mailer}}
    spec: {containers: [{name: worker, image: example/worker}]}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: mailer, namespace: shop}
spec:
  scaleTargetRef: {name: mailer}
  pollingInterval: 5
  triggers:
  - {type: beanstalkd, metadata: {server: "beanstalkd.shop:11300", tube: mails, value: "5"}}
`

// tubeServer answers as beanstalkd does when it is asked for what a tube holds.
func tubeServer(t *testing.T, ready *atomic.Int64) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	serve := func(conn net.Conn) {
		defer func() { _ = conn.Close() }()
		for in := bufio.NewScanner(conn); in.Scan(); {
			body := "---\nversion: 1.12\n"
			if strings.HasPrefix(in.Text(), "stats-tube mails") {
				body = fmt.Sprintf("---\ncurrent-jobs-ready: %d\ncurrent-jobs-reserved: 2\n", ready.Load())
			}
			fmt.Fprintf(conn, "OK %d\r\n%s\r\n", len(body), body)
		}
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go serve(conn)
		}
	}()
	return l.Addr().String()
}

// TestBrokerOfOnesOwn: with --broker the sandbox scales by what a real server holds, which
// its pods leave alone.
func TestBrokerOfOnesOwn(t *testing.T) {
	var ready atomic.Int64
	f := &sandboxFlags{files: []string{"-"}, speed: 20, service: time.Second, brokers: []string{"beanstalkd=" + tubeServer(t, &ready)}}
	o, err := f.options(strings.NewReader(tube))
	if err != nil {
		t.Fatal(err)
	}
	o.NoPort = true
	s, err := sandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	queues := queuesIn(s, f.real, broker.Options{Interval: 50 * time.Millisecond})
	in := openSandbox(ctx, s, "", queues)
	defer func() {
		cancel()
		for range in { // to its end, so that all that runs has ended
		}
	}()
	ready.Store(18)
	depth, replicas := kscope.Depth{}, int32(0)
	for o := range in {
		switch fact := o.Fact.(type) {
		case kscope.Depths:
			depth = fact.All[0]
		case kscope.Workload:
			replicas = fact.Desired
		}
		if replicas == 4 {
			break
		}
	}
	if depth.Backlog.Broker != "beanstalkd" || depth.N != 20 || replicas != 4 {
		t.Errorf("%d replicas for %+v, want 4 for 20 jobs at 5", replicas, depth)
	}
	if says := fmt.Sprint(f.withReal(o.Manifests.Notes)); !strings.Contains(says, "beanstalkd is the one at 127.0.0.1:") || !strings.Contains(says, "pods take nothing from it") {
		t.Error(says)
	}
}

// TestRealNotes: of a queue of a real broker nothing says that it is played, and of a
// real broker that no trigger names something says so.
func TestRealNotes(t *testing.T) {
	f := &sandboxFlags{demo: "kafka", real: map[string]string{"kafka": "127.0.0.1:9092", "nats": "127.0.0.1:8222"}}
	m, err := f.load(nil)
	if err != nil {
		t.Fatal(err)
	}
	says := fmt.Sprint(f.withReal(m.Notes))
	if strings.Contains(says, "is played (") || !strings.Contains(says, "kafka is the one at 127.0.0.1:9092") || !strings.Contains(says, "the nats at 127.0.0.1:8222 is not asked") {
		t.Error(says)
	}
	if says = fmt.Sprint(m.Notes); !strings.Contains(says, "orders is played (") {
		t.Error(says)
	}
}

// TestBrokerFlag: what names no broker that there is, or no address, is said to.
func TestBrokerFlag(t *testing.T) {
	for text, want := range map[string]string{
		"kafka":                  "is not HOST:PORT",
		"kafka=":                 "is not HOST:PORT",
		"kafka=broker":           "is not HOST:PORT",
		"kafka=:9092":            "is not HOST:PORT",
		"redis=127.0.0.1:6379":   "with one of activemq, artemis",
		"http=127.0.0.1:8080":    "with one of",
		"127.0.0.1:11300":        "with one of",
		"beanstalkd=[::1]:11300": "",
	} {
		f := &sandboxFlags{brokers: []string{text}}
		err := f.readBrokers()
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
