package nats

import (
	"crypto/tls"
	"errors"
	"strings"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/triggers"
)

var (
	errNotNATS     = &kscope.Trouble{Message: "what answers there is not the monitoring endpoint of NATS", Hint: "check natsServerMonitoringEndpoint: its port is 8222 by default, and the one for clients is another"}
	errNoJetStream = &kscope.Trouble{Message: "JetStream is not enabled on the server", Hint: "start it with -js, or with jetstream in its configuration"}
	errOwn         = errors.New("the consumer") // marks what is wrong with one, while the servers are well
)

func own(err error) bool { return errors.Is(err, errOwn) }

// worded says in plain words what a monitoring endpoint answers. Errors of the network
// stay as they are.
func worded(err error, p triggers.Parameters) error {
	if a, ok := errors.AsType[*protocol.Answer](err); ok {
		switch {
		case strings.Contains(a.Body, "HTTP request") && strings.Contains(a.Body, "HTTPS"):
			return &kscope.Trouble{Message: "the monitoring endpoint expects TLS", Hint: "say useHttps: \"true\" in the trigger"}
		case strings.Contains(a.Body, "account"):
			return noAccount(p)
		}
		return errNotNATS
	}
	if cert, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return &kscope.Trouble{Message: "the certificate of the monitoring endpoint is not trusted: " + cert.Err.Error(), Hint: "the trigger can name no authority; KEDA trusts those of its --ca-dir, kscope those of this machine"}
	}
	return err
}

func noAccount(p triggers.Parameters) error {
	return &kscope.Trouble{Message: "no account " + accountOf(p) + " uses JetStream there", Hint: "check account and accountID; the account of a server that has none of its own is $G"}
}

// missing is why no server tells what a trigger names.
func (l *look) missing(q protocol.Queue) error {
	var a *account
	var s *stream
	var c *consumer
	for _, told := range l.answers {
		if told.err != nil {
			continue
		}
		switch ia, is, ic := told.in(q); {
		case ic != nil:
			a, s, c = ia, is, ic
		case is != nil && c == nil:
			a, s = ia, is
		case ia != nil && s == nil && (a == nil || len(a.Streams) < len(ia.Streams)):
			a = ia
		}
	}
	wanted := q.Text("consumer")
	t := &kscope.Trouble{Cause: errOwn}
	switch {
	case a == nil:
		return noAccount(q.Parameters)
	case s == nil:
		t.Message = "account " + accountOf(q.Parameters) + " has no stream " + q.Text("stream")
		t.Hint = "it has " + list("streams", a.Streams, func(s stream) string { return s.Name })
	case c == nil:
		t.Message = "stream " + s.Name + " has no consumer " + wanted
		t.Hint = "it has " + list("consumers", s.Consumers, func(c consumer) string { return c.Name })
	case c.Cluster.Leader == "":
		t.Message, t.Hint = "consumer "+wanted+" has no leader: too few servers of the cluster are up", "start those that are missing"
	default:
		t.Message = "server " + c.Cluster.Leader + ", which leads consumer " + wanted + ", is not reached"
		t.Hint = "only the leader knows the numbers; KEDA asks each server at the host that the cluster advertises to clients, by the port of the endpoint"
	}
	return t
}

// list names some of all.
func list[T any](what string, all []T, name func(T) string) string {
	if len(all) == 0 {
		return "no " + what
	}
	var names []string
	for i, one := range all {
		if i == 5 {
			names = append(names, "…")
			break
		}
		names = append(names, name(one))
	}
	return "the " + what + " " + strings.Join(names, ", ")
}
