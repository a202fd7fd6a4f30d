package httpaddon

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
)

// client asks the interceptors of one add-on, and sends it requests.
type client struct {
	*sender
	admin   *protocol.Web
	address string
	pods    map[string]*pod // by address
	routes  map[string]*route

	mu    sync.Mutex
	dials map[string]int // how often each address was
}

// pod is an interceptor, as far as it was heard of.
type pod struct {
	counts map[string]count // of each route, as last seen
	dials  int              // of its address, then: behind a Service another may be another pod
	heard  bool             // by this look
}

// count is what an interceptor says of a route.
type count struct {
	Concurrency  int64 // requests inside, held ones too
	RequestCount int64 // requests so far
}

// route is what came in of one, as far as it was watched.
type route struct {
	lately  lately
	average *buckets
}

// podWait is how long one interceptor of several is waited for.
const podWait = 2 * time.Second

// Measure asks every interceptor once for what it counts of all routes.
func (c *client) Measure(ctx context.Context, queues []protocol.Queue, readings []broker.Reading) error {
	c.address = adminOf(queues[0].Parameters)
	addresses, service := []string{c.address}, true
	if listed := queues[0].List("interceptors"); len(listed) > 0 {
		slices.Sort(listed)
		addresses, service = slices.Compact(listed), false
	}
	for at := range c.pods {
		if !slices.Contains(addresses, at) {
			delete(c.pods, at)
		}
	}
	came, err := c.look(ctx, addresses, service)
	if err != nil {
		return err
	}
	state, now := pods{all: len(addresses), service: service}, time.Now()
	for _, p := range c.pods {
		if !p.heard {
			state.silent++
		}
	}
	followed := map[string]*route{}
	for i, q := range queues {
		name, err := routeOf(q)
		if err != nil {
			readings[i] = broker.Reading{Err: err, Own: true}
			continue
		}
		r := c.routes[name]
		if r == nil {
			r = &route{}
		}
		followed[name] = r
		readings[i] = reading(r.see(now, c.inside(name), came[name], q, state), q.Parameters)
	}
	c.routes = followed
	return nil
}

// inside is how many requests of a route are inside, and whether anybody has it. A pod
// that is silent counts as it did last, as to the add-on's scaler.
func (c *client) inside(name string) (s seen) {
	for _, p := range c.pods {
		if n, ok := p.counts[name]; ok {
			s.known = true
			s.inside += max(n.Concurrency, 0)
		}
	}
	return s
}

// see adds what came in since the last look.
func (r *route) see(now time.Time, s seen, came int64, q protocol.Queue, state pods) seen {
	s.pods = state
	window, bucket := windowOf(q.Parameters)
	if r.average == nil || r.average.window != window || r.average.bucket != bucket {
		r.average = newBuckets(window, bucket)
	}
	s.average = r.average.add(now, came)
	s.whole = r.average.whole()
	s.rate, s.rateKnown = r.lately.add(now, came)
	return s
}

// look hears the interceptors, all at once, and gives how many requests of each route
// came in since it last did. Of one that is new nothing has come yet. It fails where none
// answers.
func (c *client) look(ctx context.Context, addresses []string, service bool) (map[string]int64, error) {
	if len(addresses) > 1 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, podWait)
		defer cancel()
	}
	answers, errs := make([]map[string]count, len(addresses)), make([]error, len(addresses))
	var work sync.WaitGroup
	for i, at := range addresses {
		work.Go(func() { answers[i], errs[i] = c.ask(ctx, at) })
	}
	work.Wait()
	total := map[string]int64{}
	var first error
	heard := 0
	for i, at := range addresses {
		was := c.pods[at]
		if was == nil {
			was = &pod{}
			c.pods[at] = was
		}
		if was.heard = errs[i] == nil; !was.heard {
			if first == nil {
				first = errs[i]
			}
			continue
		}
		heard++
		dials := c.dialsOf(at)
		for name, is := range answers[i] {
			if old, ok := was.counts[name]; ok && (!service || was.dials == dials) {
				total[name] += grown(old.RequestCount, is.RequestCount)
			}
		}
		was.counts, was.dials = answers[i], dials
	}
	if heard == 0 {
		return nil, first
	}
	return total, nil
}

// ask hears one interceptor.
func (c *client) ask(ctx context.Context, at string) (counts map[string]count, err error) {
	b, _, err := c.admin.Do(ctx, http.MethodGet, "http://"+at+"/queue", nil, nil)
	answer, isAnswer := errors.AsType[*protocol.Answer](err)
	switch {
	case isAnswer && answer.Status == http.StatusNotFound:
		return nil, notOne(at, "it knows no /queue")
	case isAnswer:
		return nil, notOne(at, answer.Error())
	case err != nil:
		return nil, err
	case json.Unmarshal(b, &counts) != nil:
		return nil, notOne(at, "what it says of /queue cannot be read")
	case counts == nil:
		return nil, notOne(at, "it says nothing of /queue")
	}
	return counts, nil
}

// notOne is for what is something else.
func notOne(at, why string) error {
	return &kscope.Trouble{Message: "what answers at " + at + " is no interceptor of the HTTP add-on: " + why, Hint: "check scalerAddress; the interceptors' admin port is looked for in the same namespace"}
}

// dialled takes down that another connection was made.
func (c *client) dialled(address string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dials == nil {
		c.dials = map[string]int{}
	}
	c.dials[address]++
}

func (c *client) dialsOf(address string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dials[address]
}

// Describe says where interceptors are asked; they do not say which version they are.
func (c *client) Describe() kscope.Connection { return kscope.Connection{Address: c.address} }

// Close hangs up. What was sent goes on until its load is over.
func (c *client) Close() {
	c.admin.Close()
	c.hangUp()
}
