package nats

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/kscope/kscope/sources/protocol"
)

// How long a server of a cluster may take where others can be asked, and how long the
// servers that were found are taken for all.
const (
	peerWait  = 2 * time.Second
	lookAgain = 10 * time.Second
)

// answer is what came of asking a server.
type answer struct {
	*jsz
	err error
}

// look asks each server once at the most.
type look struct {
	*client
	answers map[string]answer
}

// find gives what a trigger names, as the one server tells it that knows. An error is the
// consumer's own where the servers are well.
func (l *look) find(ctx context.Context, q protocol.Queue) (*stream, *consumer, error) {
	key := q.Key("stream", "consumer")
	first := cmp.Or(l.leads[key], l.home())
	if s, c := l.at(ctx, first, q); c != nil {
		return s, c, nil
	}
	delete(l.leads, key)
	l.at(ctx, l.home(), q)
	home := l.answers[l.home()]
	if home.err != nil {
		return nil, nil, worded(home.err, l.as)
	}
	if home.Meta.Servers > 1 {
		l.discover(ctx)
		for _, node := range l.nodes {
			if s, c := l.at(ctx, node, q); c != nil {
				l.leads[key] = node
				return s, c, nil
			}
		}
	}
	return nil, nil, l.missing(q)
}

// at asks a server, if that was not done, and finds what a trigger names where the server
// is the one that leads the consumer, or the only one.
func (l *look) at(ctx context.Context, server string, q protocol.Queue) (*stream, *consumer) {
	a, ok := l.answers[server]
	if !ok {
		a = l.ask(ctx, server)
		l.answers[server] = a
	}
	if a.err != nil {
		return nil, nil
	}
	_, s, c := a.in(q)
	if c == nil || a.Meta.Servers > 1 && (c.Cluster.Leader == "" || l.names[a.ID] != c.Cluster.Leader) {
		return nil, nil
	}
	return s, c
}

func (l *look) ask(ctx context.Context, server string) answer {
	if server != l.home() {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, peerWait)
		defer stop()
	}
	a := answer{jsz: &jsz{}}
	query := url.Values{"acc": {accountOf(l.as)}, "consumers": {"true"}, "config": {"true"}}
	if a.err = l.get(ctx, server+"/jsz?"+query.Encode(), a.jsz); a.err == nil && a.ID == "" {
		a.err = errNotNATS
	}
	if a.err == nil && a.Disabled {
		a.err = errNoJetStream
	}
	return a
}

// get asks for what is JSON where NATS answers.
func (c *client) get(ctx context.Context, at string, into any) error {
	b, _, err := c.web.Do(ctx, http.MethodGet, at, nil, nil)
	if err == nil && json.Unmarshal(b, into) != nil {
		err = errNotNATS
	}
	return err
}

// varz asks a server what it is, and learns its name.
func (c *client) varz(ctx context.Context, server string) (v varz, err error) {
	if err = c.get(ctx, server+"/varz", &v); err == nil && v.ID == "" {
		err = errNotNATS
	}
	if err != nil {
		return v, worded(err, c.as)
	}
	c.names[v.ID] = v.Name
	return v, nil
}

// discover finds the servers of a cluster, now and then.
func (c *client) discover(ctx context.Context) {
	if time.Since(c.found) < lookAgain {
		return
	}
	home, err := c.varz(ctx, c.home())
	if err != nil {
		return
	}
	c.found, c.nodes = time.Now(), c.nodes[:0]
	for _, host := range peers(home, c.endpoint) {
		ctx, stop := context.WithTimeout(ctx, peerWait)
		if _, err := c.varz(ctx, c.scheme+"://"+host); err == nil {
			c.nodes = append(c.nodes, c.scheme+"://"+host)
		}
		stop()
	}
}
