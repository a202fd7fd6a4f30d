package kafka

import (
	"errors"
	"net"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/protocol"
)

// of is an error about a group or a topic.
type of struct {
	what, name string
	err        error
}

func (o *of) Error() string { return o.what + " " + o.name + ": " + o.err.Error() }
func (o *of) Unwrap() error { return o.err }

// logins are what brokers answer to who may not come in.
var logins = []error{kerr.SaslAuthenticationFailed, kerr.IllegalSaslState, kerr.UnsupportedSaslMechanism}

// own reports whether an error is about a group or a topic, while the brokers are well.
func own(err error) bool {
	var network *net.OpError
	if errors.As(err, &network) {
		return false
	}
	for _, login := range logins {
		if errors.Is(err, login) {
			return false
		}
	}
	_, ours := errors.AsType[*kscope.Trouble](err)
	_, theirs := errors.AsType[*kerr.Error](err)
	return ours || theirs
}

// worded is an error in words, where Kafka has only names for them, and of
// those of the network.
func (c *client) worded(err error) error {
	if err == nil {
		return nil
	}
	if t, ok := errors.AsType[*kscope.Trouble](err); ok {
		return t
	}
	if failed := c.failure(); failed != nil && !answered(err) {
		err = failed // says more than that all tries were in vain
	}
	if t, ok := errors.AsType[*kscope.Trouble](err); ok {
		return t
	}
	trouble := func(message, hint string) error { return &kscope.Trouble{Message: message, Hint: hint, Cause: err} }
	about := "it"
	if o := (*of)(nil); errors.As(err, &o) {
		about = "the " + o.what + " " + o.name
	}
	said, ok := errors.AsType[*kerr.Error](err)
	switch {
	case !ok, errors.Is(said, kerr.RequestTimedOut):
	case errors.Is(said, kerr.SaslAuthenticationFailed):
		return trouble("Kafka refuses the login of "+c.user, "check username, password and sasl in the trigger's authentication")
	case errors.Is(said, kerr.UnsupportedSaslMechanism):
		return trouble("Kafka lets nobody in by the trigger's sasl", "the listener takes another mechanism: plaintext, scram_sha256 or scram_sha512")
	case errors.Is(said, kerr.IllegalSaslState):
		return trouble("Kafka takes no login at this port", "leave sasl out of the trigger, or name the port of the listener with SASL")
	case errors.Is(said, kerr.TopicAuthorizationFailed), errors.Is(said, kerr.GroupAuthorizationFailed):
		return trouble("Kafka does not show "+about+" to "+c.who(), "it takes the operation Describe on the topic and the group")
	case errors.Is(said, kerr.ClusterAuthorizationFailed):
		return trouble("Kafka does not allow that to "+c.who(), "ask who gives its permissions (ACLs)")
	case errors.Is(said, kerr.GroupIDNotFound):
		return trouble(about+" does not exist", "it does once a consumer commits in it; check consumerGroup. Until then KEDA fails, or counts what was never committed")
	case errors.Is(said, kerr.UnknownTopicOrPartition), errors.Is(said, kerr.UnknownTopicID), errors.Is(said, kerr.InvalidTopicException):
		return trouble(about+" does not exist", "check topic in the trigger, or create it")
	case errors.Is(said, kerr.MessageTooLarge), errors.Is(said, kerr.RecordListTooLarge):
		return trouble("the message is larger than "+about+" takes", "max.message.bytes of the topic raises that")
	case errors.Is(said, kerr.InvalidRecord):
		return trouble("Kafka refuses the message as invalid for "+about, "a compacted topic takes none without a key, and kscope gives none; a schema may be asked for too")
	case errors.Is(said, kerr.NotEnoughReplicas), errors.Is(said, kerr.NotEnoughReplicasAfterAppend):
		return trouble("too few replicas of "+about+" are in step to take messages", "some brokers are down or behind; see min.insync.replicas")
	case errors.Is(said, kerr.LeaderNotAvailable), errors.Is(said, kerr.NotLeaderForPartition), errors.Is(said, kerr.BrokerNotAvailable):
		return trouble(about+" has a partition without a leader", "a broker is down or is being changed; it passes when another has taken over")
	case errors.Is(said, kerr.CoordinatorNotAvailable), errors.Is(said, kerr.CoordinatorLoadInProgress), errors.Is(said, kerr.NotCoordinator):
		return trouble("no broker answers for "+about+" yet", "the brokers are starting or changing over; it passes")
	default:
		return trouble("Kafka says of "+about+": "+said.Message+" ("+strings.TrimSuffix(said.Description, ".")+")", "")
	}
	at := c.at()
	switch text := err.Error(); {
	case strings.Contains(text, "response size"), strings.Contains(text, "correlation ID"):
		if strings.Contains(text, "TLS") {
			return trouble("what listens at "+at+" speaks TLS, or something else than Kafka", "set tls: enable in the trigger, or check the port")
		}
		return trouble("what listens at "+at+" does not speak Kafka's protocol", "check the port")
	case errors.Is(err, kgo.ErrRecordRetries), errors.Is(err, kgo.ErrRecordTimeout), errors.Is(err, kerr.RequestTimedOut):
		return trouble("Kafka did not say in time that all replicas in step have the messages of "+about, "brokers may be down or overloaded; some of the messages may be in")
	case strings.Contains(text, "too old"):
		return trouble("the brokers are too old for kscope", "it reads Kafka from 0.11 on")
	case protocol.HungUp(err) && c.tls == nil && strings.Contains(text, "requires TLS"):
		return trouble("what listens at "+at+" closes the connection at the first word", "it seems to expect TLS: set tls: enable in the trigger, or check the port")
	case protocol.HungUp(err) && c.user == "":
		return trouble("what listens at "+at+" closes the connection", "it seems to expect a login (sasl in the trigger)")
	case protocol.HungUp(err):
		return trouble("what listens at "+at+" closes the connection", "the broker may be stopping, or check the port")
	}
	message, hint := protocol.Explain(err, at)
	return trouble(message, hint)
}

// answered reports whether an error is what a broker answered.
func answered(err error) bool {
	_, ok := errors.AsType[*kerr.Error](err)
	return ok
}

// who is the user in words.
func (c *client) who() string {
	if c.user == "" {
		return "who is not logged in"
	}
	return "the user " + c.user
}
