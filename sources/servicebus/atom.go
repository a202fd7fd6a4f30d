package servicebus

import (
	"context"
	"encoding/xml"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/protocol"
)

// description is what Service Bus tells of an entity. It is in the content of an entry
// as QueueDescription or SubscriptionDescription.
type description struct {
	Title      string
	Status     string
	Count      counts `xml:"CountDetails"`
	Deliveries int    `xml:"MaxDeliveryCount"`
	ForwardTo  string
	DeadTo     string `xml:"ForwardDeadLetteredMessagesTo"`
}

// counts are messages by what they wait for; nil where it does not say.
type counts struct {
	Active    *int64 `xml:"ActiveMessageCount"`
	Dead      *int64 `xml:"DeadLetterMessageCount"`
	Scheduled *int64 `xml:"ScheduledMessageCount"`
	Transfer  *int64 `xml:"TransferMessageCount"`
}

func (c *counts) each() [kscope.MaxParts]**int64 {
	return [...]**int64{&c.Active, &c.Scheduled, &c.Dead, &c.Transfer}
}

func (c *counts) add(other counts) {
	its := other.each()
	for i, n := range c.each() {
		if *its[i] != nil {
			sum := **its[i]
			if *n != nil {
				sum += **n
			}
			*n = &sum
		}
	}
}

// parts are those that are known.
func (c *counts) parts() (out [kscope.MaxParts]kscope.Part) {
	names := [...]string{"active", "scheduled", "dead-lettered", "in transfer"}
	at := 0
	for i, n := range c.each() {
		if *n != nil {
			out[at] = kscope.Part{Name: names[i], N: float64(**n)}
			at++
		}
	}
	return out
}

// entry is how an entity comes, alone or in a feed.
type entry struct {
	Title   string `xml:"title"`
	Content struct {
		Queue        *description `xml:"QueueDescription"`
		Subscription *description `xml:"SubscriptionDescription"`
	} `xml:"content"`
}

func (e entry) description() (is description, ok bool) {
	for _, d := range []*description{e.Content.Queue, e.Content.Subscription} {
		if d != nil {
			d.Title = e.Title
			return *d, true
		}
	}
	return description{}, false
}

// atom is an answer: an entry, or a feed of entries.
type atom struct {
	XMLName xml.Name
	entry
	Entries []entry `xml:"entry"`
}

// page is how many entities are listed at a time: what Service Bus gives at the most.
const page = 100

// mostEntities is how many of them a namespace or a topic has at the most: who tells of
// more does not end.
const mostEntities = 10_000

// version is that of the API which KEDA's library speaks.
const version = "api-version=2021-05"

// ask gets what is at a path, with a query or "".
func (c *client) ask(ctx context.Context, path, query string) (a atom, err error) {
	at := c.at(path)
	b, _, err := c.Do(ctx, http.MethodGet, at+"?"+version+query, nil, c.header(at, time.Now()))
	if said, ok := errors.AsType[*protocol.Answer](err); ok {
		return a, c.refusal(said, path)
	}
	if err == nil && xml.Unmarshal(b, &a) != nil {
		return a, errNotServiceBus
	}
	return a, err
}

// get asks for one entity. One that is not there comes as an empty feed.
func (c *client) get(ctx context.Context, e entity) (description, error) {
	a, err := c.ask(ctx, e.path(), "")
	if err != nil {
		return description{}, err
	}
	if is, ok := a.description(); ok {
		return is, nil
	}
	if a.XMLName.Local != "feed" && a.XMLName.Local != "entry" {
		return description{}, errNotServiceBus
	}
	return description{}, missing(e.path())
}

// list asks for all entities at a path.
func (c *client) list(ctx context.Context, path string) (all []description, err error) {
	for {
		a, err := c.ask(ctx, path, "&$skip="+strconv.Itoa(len(all))+"&$top="+strconv.Itoa(page))
		if err != nil {
			return nil, err
		}
		if a.XMLName.Local != "feed" {
			return nil, errNotServiceBus
		}
		before := len(all)
		for _, e := range a.Entries {
			if is, ok := e.description(); ok {
				all = append(all, is)
			}
		}
		if len(all) > mostEntities {
			return nil, errNotServiceBus
		}
		if len(a.Entries) < page || len(all) == before {
			return all, nil
		}
	}
}

var errNotServiceBus = &kscope.Trouble{Message: "what answers there is not Service Bus", Hint: "check the Endpoint in the connection string"}

// missing is what is said of an entity that is not there.
func missing(path string) error {
	path = strings.TrimPrefix(path, "/")
	what, hint := "no queue "+path, "check the name in the trigger, and whose namespace the connection string is of"
	if to, ok := strings.CutSuffix(path, "/messages"); ok {
		what = "no queue or topic " + to
	} else if topic, subscription, ok := strings.Cut(path, "/Subscriptions"); ok {
		what = "no topic " + topic
		if subscription = strings.TrimPrefix(subscription, "/"); subscription != "" {
			what = "no subscription " + subscription + " of a topic " + topic
		}
	}
	return protocol.Alone(&kscope.Trouble{Message: "Service Bus has " + kscope.Clean(what), Hint: hint})
}

// refusal is why Service Bus did not do what it was asked for, in plain words: its own
// without what is different each time, where they say more.
func (c *client) refusal(said *protocol.Answer, path string) error {
	var is struct{ Detail string }
	if xml.Unmarshal([]byte(said.Body), &is) != nil {
		is.Detail = said.Body
	}
	detail, _, _ := strings.Cut(is.Detail, "TrackingId")
	if detail = strings.TrimRight(kscope.Clean(detail), " .,:;"); len(detail) > 200 || strings.HasPrefix(detail, "<") {
		detail = ""
	}
	has := func(part string) bool { return strings.Contains(detail, part) }
	switch {
	case said.Status == http.StatusNotFound, said.Status == http.StatusGone:
		return missing(path)
	case said.Status == http.StatusUnauthorized && (has("InvalidSignature") || has("invalid signature") || has("signature is invalid") || has("40103")):
		return &kscope.Trouble{Message: "Service Bus does not take the key of the trigger", Hint: "check SharedAccessKeyName and SharedAccessKey in the connection string: the key may have been renewed"}
	case said.Status == http.StatusUnauthorized && (has("ExpiredToken") || has("expired")):
		return &kscope.Trouble{Message: "the SharedAccessSignature of the trigger has expired", Hint: "have a new one made; or check the clock of this computer"}
	case said.Status == http.StatusUnauthorized || said.Status == http.StatusForbidden && has("claim"):
		hint := "KEDA needs a policy with Manage rights too; to put jobs in, Send is enough"
		if c.entityPath != "" {
			hint = "the connection string is for " + kscope.Clean(c.entityPath) + " alone (EntityPath); " + hint
		}
		return protocol.Alone(&kscope.Trouble{Message: strings.TrimSuffix("Service Bus refuses the key of the trigger: "+detail, ": "), Hint: hint})
	case said.Status == http.StatusTooManyRequests || has("ServerBusy"):
		return protocol.Alone(&kscope.Trouble{Message: "Service Bus takes no more requests for the moment", Hint: "the namespace is at its limit"})
	case said.Status >= http.StatusInternalServerError || detail == "":
		return &protocol.Answer{Status: said.Status, Body: detail}
	}
	return protocol.Alone(&kscope.Trouble{Message: "Service Bus refuses: " + detail})
}

// at is the URL of a path.
func (c *client) at(path string) string {
	return (&url.URL{Scheme: "https", Host: c.host, Path: path}).String()
}
