// Package kafka measures what waits for the consumer groups that triggers of the types
// kafka and apache-kafka name, partition by partition, and puts messages into their
// topics. It logs in as KEDA does where the login is in the trigger's authentication;
// where it is the identity of KEDA's own operator, only KEDA can ask.
package kafka

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/triggers"
)

// New is the protocol of Kafka, for both of KEDA's scalers.
func New() protocol.Protocol { return kafka{} }

type kafka struct{}

// How long a broker may take for a connection, for one request, for one with all its
// tries, and for a message.
const (
	dialWait    = 2500 * time.Millisecond
	requestWait = 4 * time.Second
	tryWait     = 5 * time.Second
	deliverWait = 7 * time.Second
)

// tries is how often messages are sent again to brokers that do not take them now.
const tries = 4

// Pace is a second: a look is a request to every broker that leads a partition.
func (kafka) Pace(triggers.Parameters) time.Duration { return time.Second }

// Key is the cluster and the login.
func (kafka) Key(p triggers.Parameters) (string, error) {
	trouble := func(message, hint string) (string, error) {
		return "", &kscope.Trouble{Message: message, Hint: cmp.Or(strings.Join(p.Missing, "; "), hint)}
	}
	switch sasl := saslOf(p); {
	case len(p.List("bootstrapServers")) == 0:
		return trouble("the trigger names no bootstrapServers", "give it bootstrapServers: HOST:PORT")
	case p.Text("consumerGroup") == "":
		return trouble("the trigger names no consumerGroup", "lag is that of a group: give it consumerGroup")
	case sasl == "none":
	case sasl == "plaintext", sasl == "scram_sha256", sasl == "scram_sha512":
		if p.Text("username") == "" || p.Text("password") == "" {
			return trouble("sasl "+sasl+" takes a username and a password, which are not both given", "give both in the trigger's authentication")
		}
	default:
		return trouble("only KEDA can ask: with sasl "+sasl+" the credential is KEDA's own identity", "kscope logs in by plaintext, scram_sha256 and scram_sha512; what KEDA measures is seen in the HPA")
	}
	if p.Text("tls") == "enable" && (p.Text("cert") == "") != (p.Text("key") == "") {
		return trouble("cert and key go together, and only one of them is given", "give both in the trigger's authentication, or neither")
	}
	return p.Type + p.Key("bootstrapServers", "sasl", "username", "password", "tls", "ca", "cert", "key", "keyPassword", "unsafeSsl"), nil
}

// saslOf is the mechanism, "none" for none.
func saslOf(p triggers.Parameters) string { return cmp.Or(p.Text("sasl"), "none") }

// Connect makes a client; it dials when first asked.
func (kafka) Connect(_ context.Context, p triggers.Parameters, dial protocol.Dial) (protocol.Client, error) {
	c := &client{seeds: seeds(p), dialled: dial, targets: map[string][]int32{}, failed: map[string]error{}}
	if p.Text("tls") == "enable" {
		m := protocol.MaterialOf(p)
		m.Unsafe = m.Unsafe && p.Type == "kafka" // the other scaler has no such parameter
		config, err := m.Config()
		if err != nil {
			return nil, err
		}
		c.tls = config
	}
	options := []kgo.Opt{
		kgo.SeedBrokers(c.seeds...), kgo.Dialer(c.dial), kgo.ClientID("kscope"), kgo.DisableClientMetrics(), kgo.WithHooks(c),
		kgo.RequestTimeoutOverhead(requestWait), kgo.RequestRetries(2), kgo.RetryTimeout(tryWait), kgo.MetadataMinAge(500 * time.Millisecond), kgo.RetryBackoffFn(func(int) time.Duration { return 200 * time.Millisecond }),
		kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchCompression(kgo.NoCompression()), // which every consumer can read
		// What is sent again since no answer came is known by its number, and is in once.
		kgo.RecordRetries(tries), kgo.RecordDeliveryTimeout(deliverWait), kgo.ProduceRequestTimeout(requestWait), kgo.UnknownTopicRetries(1), kgo.AllowIdempotentProduceCancellation(),
	}
	switch user, password := p.Text("username"), p.Text("password"); saslOf(p) {
	case "plaintext":
		c.user = user
		options = append(options, kgo.SASL(plain.Auth{User: user, Pass: password}.AsMechanism()))
	case "scram_sha256":
		c.user = user
		options = append(options, kgo.SASL(scram.Auth{User: user, Pass: password}.AsSha256Mechanism()))
	case "scram_sha512":
		c.user = user
		options = append(options, kgo.SASL(scram.Auth{User: user, Pass: password}.AsSha512Mechanism()))
	}
	made, err := kgo.NewClient(options...)
	if err != nil {
		return nil, &kscope.Trouble{Message: "the bootstrapServers are no addresses", Hint: "name them as HOST:PORT, by commas"}
	}
	c.kgo, c.admin = made, kadm.NewClient(made)
	return c, nil
}

// seeds are the brokers that the trigger names, each with a port.
func seeds(p triggers.Parameters) []string {
	all := p.List("bootstrapServers")
	for i, at := range all {
		if _, _, err := net.SplitHostPort(at); err != nil {
			all[i] = net.JoinHostPort(at, "9092")
		}
	}
	return all
}

// client is the connections to the brokers of one cluster.
type client struct {
	kgo     *kgo.Client
	admin   *kadm.Client
	seeds   []string
	dialled protocol.Dial
	tls     *tls.Config // nil for none
	user    string
	version string
	targets map[string][]int32 // the partitions of the topics that messages were put into
	turn    int                // of the partition that the next message goes into

	sent atomic.Int64 // requests to put messages in

	mu     sync.Mutex
	failed map[string]error // why the last connection to an address was not made, if it was not
}

// Describe says how the cluster is reached.
func (c *client) Describe() kscope.Connection {
	return kscope.Connection{Address: c.seeds[0], User: c.user, TLS: protocol.TLSWords(c.tls), Version: c.version}
}

// Close hangs up.
func (c *client) Close() { c.kgo.Close() }

// String keeps secrets out of what is printed.
func (c *client) String() string { return fmt.Sprint(c.seeds) }
