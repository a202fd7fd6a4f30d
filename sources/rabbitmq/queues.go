package rabbitmq

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
)

// columns are what is asked of a queue; all that there is would be ten times as much.
const columns = "columns=name,type,state,messages,messages_ready,messages_unacknowledged,consumers,arguments,effective_policy_definition," +
	"message_stats.publish_details.rate,message_stats.deliver_get_details.rate"

// page is one of a list of queues.
type page struct {
	Items []queue `json:"items"`
	Pages int     `json:"page_count"`
	Found int     `json:"filtered_count"`
}

// How many names go into one request, and how many queues a page may have, which is all
// that RabbitMQ takes.
const (
	namesAtOnce = 50
	largestPage = 500
)

// answers are what the API told of the queues of a virtual host.
type answers struct {
	vhost  string
	queues map[string]queue // by name
	err    error            // in words, about the virtual host; the server is well
}

// reading is that of one queue.
func (a answers) reading(q protocol.Queue) broker.Reading {
	name := q.Text("queueName")
	is, ok := a.queues[name]
	switch {
	case a.err != nil:
		return broker.Reading{Err: a.err, Own: true}
	case !ok:
		return broker.Reading{Err: missing(name, a.vhost), Own: true}
	}
	return reading([]queue{is}, q.Parameters)
}

// named asks for queues by their names: for one as KEDA does, for several with one
// request for each fifty.
func (m *management) named(ctx context.Context, vhost string, names []string) (answers, error) {
	slices.Sort(names)
	names = slices.Compact(names)
	a := answers{vhost: vhost, queues: map[string]queue{}}
	for some := range slices.Chunk(names, namesAtOnce) {
		var all []queue
		var err error
		if len(some) == 1 {
			all, err = m.one(ctx, vhost, some[0])
		} else {
			var p page
			p, err = m.list(ctx, vhost, anyOf(some), largestPage, columns)
			all = p.Items
		}
		if err == nil {
			err = m.complete(ctx, vhost, anyOf(some), all)
		}
		if a.err = m.ofVhost(err, vhost); a.err != nil {
			return a, nil
		}
		if err != nil {
			return a, m.explained(err)
		}
		for _, q := range all {
			a.queues[q.Name] = q
		}
	}
	return a, nil
}

// one asks for one queue; none where it is not there, and the virtual host is.
func (m *management) one(ctx context.Context, vhost, name string) ([]queue, error) {
	all := make([]queue, 1)
	err := m.get(ctx, &all[0], "/queues/%s/%s?%s", url.PathEscape(vhost), url.PathEscape(name), columns)
	if status(err) == http.StatusNotFound {
		p, err := m.list(ctx, vhost, anyOf([]string{name}), 1, columns)
		return p.Items, err
	}
	return all, err
}

// list asks for the queues that a regular expression matches, the first page of them.
func (m *management) list(ctx context.Context, vhost, pattern string, size int, what string) (p page, err error) {
	err = m.get(ctx, &p, "/queues/%s?page=1&page_size=%d&use_regex=true&name=%s&%s", url.PathEscape(vhost), size, url.QueryEscape(pattern), what)
	return p, err
}

// anyOf is the regular expression of some names, which RabbitMQ matches in any case.
func anyOf(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = regexp.QuoteMeta(name)
	}
	return "^(" + strings.Join(quoted, "|") + ")$"
}

// complete asks for the counts that statistics lack, which KEDA takes for zero: those of
// a queue some seconds old, and all where statistics are off. The queues themselves know.
func (m *management) complete(ctx context.Context, vhost, pattern string, all []queue) error {
	if !slices.ContainsFunc(all, queue.lacks) {
		return nil
	}
	p, err := m.list(ctx, vhost, pattern, largestPage, "disable_stats=true&enable_queue_totals=true&columns=name,messages,messages_ready,messages_unacknowledged")
	if status(err) == http.StatusBadRequest {
		return nil // an older one, which does not know of totals
	}
	for i := range all {
		at := slices.IndexFunc(p.Items, func(q queue) bool { return q.Name == all[i].Name })
		if all[i].lacks() {
			all[i].uncounted = true
			if at >= 0 {
				all[i].Messages, all[i].Ready, all[i].Unacked = p.Items[at].Messages, p.Items[at].Ready, p.Items[at].Unacked
			}
		}
	}
	return err
}

// ofVhost is an error about a virtual host, in words; nil for others.
func (m *management) ofVhost(err error, vhost string) error {
	a, ok := errors.AsType[*protocol.Answer](err)
	switch {
	case !ok:
		return nil
	case a.Status == http.StatusNotFound:
		return noVhost(vhost)
	case isDenied(a) && errors.Is(denied(reason(a), m.user), errVhost):
		return errVhost
	}
	return nil
}

// matching asks for the queues of a regular expression. Where they are more than KEDA
// reads at once, it fails, and so does this.
func (m *management) matching(ctx context.Context, vhost string, q protocol.Queue) (broker.Reading, error) {
	own := func(message, hint string) (broker.Reading, error) {
		return broker.Reading{Err: &kscope.Trouble{Message: message, Hint: hint}, Own: true}, nil
	}
	size := int(q.Number("pageSize"))
	if size > largestPage {
		return own("pageSize is "+strconv.Itoa(size)+", and RabbitMQ gives no more than 500 queues at once", "give 500 or less")
	}
	pattern := q.Text("queueName")
	p, err := m.list(ctx, vhost, pattern, max(size, 1), columns)
	if status(err) == http.StatusBadRequest {
		return own("RabbitMQ does not take queueName as a regular expression", "check its brackets and the like")
	}
	if own := m.ofVhost(err, vhost); own != nil {
		return broker.Reading{Err: own, Own: true}, nil
	}
	if err == nil && p.Pages > 1 {
		return own("the regular expression matches "+strconv.Itoa(p.Found)+" queues, of which KEDA reads no more than pageSize at once, "+strconv.Itoa(size), "raise pageSize, to 500 at the most, or match fewer")
	}
	if err == nil {
		err = m.complete(ctx, vhost, pattern, p.Items)
	}
	if err != nil {
		return broker.Reading{}, m.explained(err)
	}
	return reading(p.Items, q.Parameters), nil
}
