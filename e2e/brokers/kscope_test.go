//go:build ignore

// This file is compiled by its name, in the module above; see the documentation of the
// package.

package brokers

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/every"
	"github.com/kscope/kscope/sources/k8s"
	"github.com/kscope/kscope/sources/keda"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/store"
)

// TestKscope watches, loads what it is told to, and tells what it reads.
func TestKscope(t *testing.T) {
	in := json.NewDecoder(bufio.NewReader(os.Stdin))
	var asked Ask
	if err := in.Decode(&asked); err != nil {
		t.Fatal(err)
	}
	cfg, err := clientcmd.BuildConfigFromFlags("", asked.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	typed, dynamic, err := k8s.Clients(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	resolver := keda.NewResolver(typed, dynamic)
	tunnel := k8s.NewTunnel(cfg, typed, resolver.KEDANamespace)
	queues := broker.New(every.Technologies(protocol.Options{Resolve: resolver.Parameters, Dial: tunnel.DialContext}), broker.Options{})
	objects := k8s.New(k8s.Options{Client: typed, Dynamic: dynamic, Namespace: asked.Namespace})
	scaled := keda.New(keda.Options{Dynamic: dynamic, Namespace: asked.Namespace})
	off := keda.NewOperator(keda.OperatorOptions{Client: typed, Namespace: resolver.KEDANamespace, URL: "http://127.0.0.1:1/metrics"}) // as Helm's chart has it
	answers := keda.NewExternal(func() kubernetes.Interface { return typed })
	stream := kscope.Tap(kscope.Merge(ctx, time.Now, objects, scaled, queues, off, answers), func(o kscope.Observation) {
		queues.Follow(o)
		off.Follow(o)
		answers.Follow(o)
		objects.Follow(o)
	})
	w := &watch{
		store: store.New(), said: map[string]Reading{}, queues: map[string]kscope.Backlog{},
		loaded: map[string]int64{}, failed: map[string]string{}, requests: map[string]Requests{},
	}
	commands := make(chan Command)
	go func() {
		defer cancel()
		for {
			var c Command
			if err := in.Decode(&c); err != nil {
				return // the other half is done
			}
			select {
			case commands <- c:
			case <-ctx.Done():
				return
			}
		}
	}()
	for {
		select {
		case o, ok := <-stream:
			if !ok {
				return
			}
			w.see(o)
		case c := <-commands:
			q := w.queues[c.Object]
			target := kscope.Ref{Namespace: asked.Namespace, Name: c.Object}
			if c.Ask {
				answers.Ask(kscope.ID{Kind: kscope.ScaledObjects, Ref: target})
				continue
			}
			go func() {
				profile, err := load.BatchOf(c.Load), error(nil)
				if c.Steady != "" {
					profile, err = load.ParseProfile(c.Steady)
				}
				switch {
				case err != nil:
					panic(err)
				case c.Purge:
					_ = queues.Purge(ctx, load.Purge{Backlog: q, Target: target}) // what came of it is an observation
				default:
					_ = queues.Load(ctx, load.Load{Backlog: q, Target: target, Profile: profile}, nil)
				}
			}()
		}
	}
}

// watch is what was told of every object.
type watch struct {
	store    *store.Store
	said     map[string]Reading
	queues   map[string]kscope.Backlog
	loaded   map[string]int64
	failed   map[string]string
	requests map[string]Requests
}

func (w *watch) see(o kscope.Observation) {
	w.store.Apply(o)
	switch f := o.Fact.(type) {
	case kscope.Loading:
		if a := f.Answers; a.Sent > 0 {
			w.requests[f.Target.Name] = Requests{!f.Ended(), f.Asked, a.Sent, f.Missed, a.Answered, a.Held, a.ColdStarts, a.ByClass, a.Why}
		}
		if f.Ended() {
			w.loaded[f.Target.Name] += f.Accepted
			w.failed[f.Target.Name] = cmp.Or(f.Err, f.Answers.Why)
		}
	case kscope.Purged:
		w.failed[f.Target.Name] = f.Err
	}
	for _, id := range w.store.Objects() {
		if id.Kind != kscope.ScaledObjects {
			continue
		}
		c, ok := w.store.Chain(id)
		if !ok || len(c.Readings) == 0 {
			continue
		}
		r := c.Readings[0]
		is := Reading{
			Object: id.Name, Known: r.Known, From: string(r.From), Waits: r.Jobs(), Counted: r.Value, Err: r.Err,
			Loaded: w.loaded[id.Name], Failed: w.failed[id.Name],
			Metric: r.Metric, Target: r.Target, Requests: w.requests[id.Name],
		}
		if r.From == store.FromExternal {
			is.At = r.At
		}
		if q := r.Trigger.Backlog; q != nil {
			w.queues[id.Name] = *q
			if d, ok := w.store.Depth(*q); ok {
				is.Note = d.Note
			}
			if c, ok := w.store.Connection(*q); ok {
				is.Server = fmt.Sprintf("%s, %s, %s", c.Address, c.Reached, c.Version)
			}
		}
		if is != w.said[id.Name] {
			w.said[id.Name] = is
			line, err := json.Marshal(is)
			if err != nil {
				panic(err)
			}
			fmt.Printf("%s\n", line)
		}
	}
}
