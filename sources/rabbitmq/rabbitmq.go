// Package rabbitmq measures the queues that triggers of type rabbitmq name, and puts
// messages into them. As KEDA, it asks over AMQP 0-9-1 where the trigger's host is an
// amqp URL, which tells exactly and at once what is ready and nothing of what is
// unacknowledged; and the management API where it is an http URL, which tells all, as of
// the last statistics: every five seconds if nobody changed that.
//
// It declares, binds and creates nothing.
package rabbitmq

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/triggers"
)

// New is the protocol of RabbitMQ.
func New() protocol.Protocol { return rabbit{} }

type rabbit struct{}

// Key is the server, who one is there and, over amqp, the virtual host, which a
// connection is made to.
func (rabbit) Key(p triggers.Parameters) (string, error) {
	w, err := find(p)
	switch {
	case err != nil:
		return "", err
	case p.Text("queueName") == "":
		return "", &kscope.Trouble{Message: "the trigger names no queue", Hint: "give it queueName"}
	case p.Text("workloadIdentityResource") != "":
		return "", &kscope.Trouble{Message: "RabbitMQ knows KEDA by an Azure workload identity, which kscope does not have", Hint: "what KEDA reads is told by its operator and by the HPA"}
	}
	vhost := ""
	if w.amqp {
		vhost = w.vhost
	}
	key, _ := json.Marshal([]string{w.address, w.name, w.base, w.user, w.password, vhost, strings.Join(w.mechanisms, " "), strconv.FormatBool(w.tls),
		p.Key("tls", "ca", "cert", "key", "keyPassword", "unsafeSsl", "oauthTokenURI", "clientID", "clientSecret", "scopes", "endpointParams")}) // texts never fail
	return string(key), nil
}

// Pace is as often as one likes over amqp, which costs a frame, and a second over the
// management API, which gathers what it tells.
func (rabbit) Pace(p triggers.Parameters) time.Duration {
	if w, err := find(p); err == nil && w.amqp {
		return 0
	}
	return time.Second
}

// Connect connects over amqp; over HTTP it waits to be asked.
func (rabbit) Connect(ctx context.Context, p triggers.Parameters, dial protocol.Dial) (protocol.Client, error) {
	w, err := find(p)
	if err != nil {
		return nil, err
	}
	config, err := w.config(p)
	if err != nil {
		return nil, err
	}
	if w.amqp {
		l, err := connect(ctx, w, config, dial)
		if err != nil {
			return nil, w.untold(err)
		}
		return l, nil
	}
	return newManagement(w, config, p, dial)
}

// port is one in text.
func port(n int) string { return strconv.Itoa(n) }

// missing is a queue that is not there.
func missing(name, vhost string) error {
	return &kscope.Trouble{Message: fmt.Sprintf("there is no queue %s in the virtual host %s", name, vhost), Hint: "check queueName and the virtual host: the end of host, or vhostName; KEDA fails too until somebody declares it"}
}

// noVhost is a virtual host that is not there.
func noVhost(name string) error {
	return &kscope.Trouble{Message: "there is no virtual host " + name + " at RabbitMQ", Hint: "check the end of host, or vhostName; / is written %2F there, or left out"}
}

// refused is a login that is not taken.
func refused(user string) error {
	t := &kscope.Trouble{Message: "RabbitMQ refuses the login", Hint: "check user and password; : / ? # @ and % in a password are written as %3A %2F %3F %23 %40 and %25 in host"}
	if user != "" {
		t.Message = "RabbitMQ refuses the login of user " + user
	}
	if user == "guest" {
		t.Hint += "; guest may only log in on the server's own machine unless it was told otherwise"
	}
	return t
}

var (
	errNotRabbit = &kscope.Trouble{Message: "what answers there is not RabbitMQ, or expects TLS", Hint: "check the port: 5672 is amqp, 5671 amqps, 15672 the management API"}
	errPattern   = &kscope.Trouble{Message: "a regular expression names no one queue", Hint: "name a queue in a trigger of its own"}
	errNobody    = &kscope.Trouble{Message: "the management API wants a login", Hint: "give user and password in host, or username and password by the authentication"}
	errNotUser   = &kscope.Trouble{Message: "the user may log in, and not use the management API", Hint: "rabbitmqctl set_user_tags USER management"}
	errVhost     = &kscope.Trouble{Message: "the user has no access to the virtual host", Hint: "rabbitmqctl set_permissions -p VHOST USER …; or check the end of host, or vhostName"}
)

// denied is what a 401 or 403 of the management API means.
func denied(reason, user string) error {
	switch {
	case strings.Contains(reason, "virtual host"):
		return errVhost
	case strings.Contains(reason, "Not management user"):
		return errNotUser
	case user == "":
		return errNobody
	}
	return refused(user)
}

// isDenied reports whether an answer is about who one is.
func isDenied(a *protocol.Answer) bool {
	return a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden
}

// said is what RabbitMQ says of an error, without its name in capitals.
func said(reason string) string {
	if name, text, ok := strings.Cut(reason, " - "); ok && name == strings.ToUpper(name) {
		reason = text
	}
	return "RabbitMQ says: " + reason
}
