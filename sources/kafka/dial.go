package kafka

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/protocol"
)

// dial connects to a broker: first to those that the trigger names, then to those that
// these say, by the names under which the brokers know each other.
func (c *client) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := c.connect(ctx, network, address)
	if err != nil && !slices.Contains(c.seeds, address) {
		message, hint := protocol.Explain(err, address)
		err = &kscope.Trouble{Message: message + ", where the brokers say that one of them is", Hint: cmp.Or(hint, "check advertised.listeners of the brokers")}
	}
	c.mu.Lock()
	c.failed[address] = err
	c.mu.Unlock()
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err} // so that the other brokers are tried
	}
	return conn, nil
}

// connect is dial to one address, which leaves time for another.
func (c *client) connect(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialWait)
	defer cancel()
	conn, err := c.dialled(ctx, network, address)
	if err == nil && c.tls != nil {
		config := c.tls.Clone()
		config.ServerName, _, _ = net.SplitHostPort(address)
		secure := tls.Client(conn, config)
		if err = secure.HandshakeContext(ctx); err == nil {
			return secure, nil
		}
		_ = conn.Close() // the handshake's error says more
		said := ""
		if protocol.TimedOut(err) {
			said = " does not answer to TLS in time"
		} else if protocol.HungUp(err) {
			said = " closes the connection where TLS begins"
		}
		if said != "" {
			return nil, &kscope.Trouble{Message: "what listens at " + c.named(address) + said, Hint: "turn TLS off in the trigger (tls), or check the port"}
		}
	}
	if err != nil && protocol.TimedOut(err) { // the library would take it for the end of its own time
		message, hint := protocol.Explain(err, c.named(address))
		err = &kscope.Trouble{Message: message, Hint: hint}
	}
	return conn, err
}

// OnBrokerRead takes down that a broker ended the connection instead of answering to a
// login, as older ones do, or to messages.
func (c *client) OnBrokerRead(_ kgo.BrokerMetadata, key int16, _ int, _, _ time.Duration, err error) {
	if err == nil || !protocol.HungUp(err) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch kmsg.Key(key) {
	case kmsg.SASLHandshake, kmsg.SASLAuthenticate:
		c.failed["login"] = &kscope.Trouble{
			Message: "what listens at " + c.at() + " closes the connection at the login of " + c.user,
			Hint:    "check username, password and sasl in the trigger's authentication; or no login may be expected at this port",
		}
	case kmsg.Produce:
		c.failed["messages"] = err
	}
}

// failure is why there is no connection: to the first of the trigger's brokers, or to
// the first of the others. It is nil where all that were dialled were reached.
func (c *client) failure() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, at := range slices.Concat(c.seeds, slices.Sorted(maps.Keys(c.failed))) {
		if err := c.failed[at]; err != nil {
			return err
		}
	}
	return nil
}

// begin forgets what was in the way, and may not be any more.
func (c *client) begin() {
	c.mu.Lock()
	clear(c.failed)
	c.mu.Unlock()
}

// at names the brokers that the trigger does.
func (c *client) at() string {
	if n := len(c.seeds) - 1; n > 1 {
		return fmt.Sprintf("%s and %d more", c.seeds[0], n)
	}
	return strings.Join(c.seeds, ", ")
}

// named is how an address stands in words: the trigger's brokers stand for each other,
// for which of them is tried first is left to chance.
func (c *client) named(address string) string {
	if slices.Contains(c.seeds, address) {
		return c.at()
	}
	return address
}
