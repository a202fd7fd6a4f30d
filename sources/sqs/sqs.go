// Package sqs reads and loads the queues of Amazon SQS over its JSON protocol, as an
// aws-sqs-queue trigger names them, with the keys that the trigger has.
package sqs

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"golang.org/x/sync/errgroup"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/triggers"
)

// New is SQS.
func New() protocol.Protocol { return sqs{} }

// sqs speaks TLS as tls has it, nil for the system's way.
type sqs struct{ tls *tls.Config }

// Key is one account's queues of one region, by the keys that lead there.
func (sqs) Key(p triggers.Parameters) (string, error) {
	if _, err := keys(p); err != nil {
		return "", err
	}
	switch {
	case p.Text("queueURL") == "":
		return "", &kscope.Trouble{Message: "the trigger names no queue", Hint: "give it queueURL"}
	case p.Text("awsRegion") == "":
		return "", &kscope.Trouble{Message: "the trigger names no region", Hint: "give it awsRegion, such as eu-central-1"}
	}
	return p.Key("awsEndpoint", "awsRegion", "awsAccessKeyID", "awsAccessKeyId", "awsSecretAccessKey", "awsSessionToken"), nil
}

// keys are those that requests are signed with, by the rules of KEDA's
// GetAwsAuthorization: a role is somebody whom only the operator can be, whatever keys
// stand beside it.
func keys(p triggers.Parameters) (aws.Credentials, error) {
	out := aws.Credentials{AccessKeyID: p.Text("awsAccessKeyID"), SecretAccessKey: p.Text("awsSecretAccessKey"), SessionToken: p.Text("awsSessionToken")}
	if out.AccessKeyID == "" {
		out.AccessKeyID = p.Text("awsAccessKeyId")
	}
	owner := p.Text("identityOwner")
	switch {
	case strings.HasPrefix(p.Identity, "aws"), owner != "" && owner != "pod":
		return out, protocol.OnlyKEDA("the AWS identity")
	case p.Text("awsRoleArn") != "":
		return out, protocol.OnlyKEDA("the AWS role " + p.Text("awsRoleArn"))
	case out.AccessKeyID == "":
		return out, &kscope.Trouble{Message: "the trigger has no awsAccessKeyID", Hint: "give it keys by authenticationRef, or awsAccessKeyIDFromEnv"}
	case out.SecretAccessKey == "":
		return out, &kscope.Trouble{Message: "the trigger has an awsAccessKeyID and no awsSecretAccessKey", Hint: "give it by authenticationRef, or awsSecretAccessKeyFromEnv"}
	}
	return out, nil
}

// Pace is KEDA's: every request is paid for.
func (sqs) Pace(p triggers.Parameters) time.Duration { return p.Polling }

// Connect makes a client, which connects when it is first asked.
func (s sqs) Connect(_ context.Context, p triggers.Parameters, dial protocol.Dial) (protocol.Client, error) {
	keys, err := keys(p)
	if err != nil {
		return nil, err
	}
	region := p.Text("awsRegion")
	at := p.Text("awsEndpoint")
	if at == "" {
		at = endpoint(region)
	}
	if u, err := url.Parse(at); err != nil || u.Host == "" {
		return nil, &kscope.Trouble{Message: "awsEndpoint is no URL", Hint: "write it as http://HOST:PORT"}
	}
	c := &client{Web: protocol.NewWeb(dial, s.tls), at: at, region: region, keys: keys, signer: v4.NewSigner()}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // a signature is for one host
	return c, nil
}

// endpoint is where SQS of a region is.
func endpoint(region string) string {
	domain := "amazonaws.com"
	for prefix, other := range map[string]string{
		"cn-": "amazonaws.com.cn", "us-iso-": "c2s.ic.gov", "us-isob-": "sc2s.sgov.gov", "us-isof-": "csp.hci.ic.gov", "eu-isoe-": "cloud.adc-e.uk", "eusc-": "amazonaws.eu",
	} {
		if strings.HasPrefix(region, prefix) {
			domain = other
		}
	}
	return "https://sqs." + region + "." + domain
}

// client asks SQS of one region.
type client struct {
	*protocol.Web
	at, region string
	keys       aws.Credentials
	signer     *v4.Signer
}

// atOnce is how many requests are under way at a time.
const atOnce = 8

// Describe says whose SQS it is.
func (c *client) Describe() kscope.Connection {
	d := kscope.Connection{Version: "SQS in " + kscope.Clean(c.region)}
	if strings.HasPrefix(c.at, "https:") {
		d.TLS = "certificate verified"
	}
	return d
}

// Measure asks for the attributes of every queue: SQS has no way to ask for several.
func (c *client) Measure(ctx context.Context, queues []protocol.Queue, readings []broker.Reading) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i, q := range queues {
		group.Go(func() error {
			is, err := c.attributes(ctx, q)
			if err == nil {
				readings[i], err = reading(is, q.On("scaleOnInFlight"), q.On("scaleOnDelayed"))
			}
			if protocol.IsAlone(err) {
				readings[i], err = broker.Reading{Err: err, Own: true}, nil
			}
			return err
		})
	}
	return group.Wait()
}

// attributes are what SQS tells of a queue.
func (c *client) attributes(ctx context.Context, q protocol.Queue) (map[string]string, error) {
	var answer struct{ Attributes map[string]string }
	ask := map[string]any{"QueueUrl": q.Text("queueURL"), "AttributeNames": []string{"All"}}
	if _, err := c.ask(ctx, q, "GetQueueAttributes", ask, &answer); err != nil {
		return nil, err
	}
	return answer.Attributes, nil
}

// reading is what KEDA 2.21 makes of the attributes: what is visible, what is in flight
// unless scaleOnInFlight is false, and what is delayed where scaleOnDelayed is true. As
// for KEDA, an attribute that counts and is not there is an error.
func reading(is map[string]string, inFlight, delayed bool) (broker.Reading, error) {
	r := broker.Reading{Type: "queue"}
	if strings.HasSuffix(is["QueueArn"], ".fifo") {
		r.Type = "FIFO queue"
	}
	for i, part := range []struct {
		name, attribute string
		counts          bool
	}{
		{"visible", "ApproximateNumberOfMessages", true},
		{"in flight", "ApproximateNumberOfMessagesNotVisible", inFlight},
		{"delayed", "ApproximateNumberOfMessagesDelayed", delayed},
	} {
		n, err := strconv.ParseUint(is[part.attribute], 10, 63)
		switch {
		case err == nil:
			r.Parts[i] = kscope.Part{Name: part.name, N: float64(n)}
		case part.counts:
			return broker.Reading{}, protocol.Alone(&kscope.Trouble{Message: "SQS does not say how many messages are " + part.name, Hint: "KEDA takes that for an error too"})
		}
		if part.counts {
			r.N += float64(n)
		}
	}
	if dead, after := redrive(is["RedrivePolicy"]); dead != "" {
		r.Note = fmt.Sprintf("to %s after %s receives", dead, after)
	}
	return r, nil
}

// redrive is the name of the queue for dead letters, and after how many receives a
// message goes there; "" where a policy has none.
func redrive(policy string) (dead, after string) {
	var is struct {
		Target string `json:"deadLetterTargetArn"`
		Most   any    `json:"maxReceiveCount"` // some write a number, some a text
	}
	if json.Unmarshal([]byte(policy), &is) != nil || is.Target == "" {
		return "", ""
	}
	return kscope.Clean(is.Target[strings.LastIndexByte(is.Target, ':')+1:]), kscope.Clean(fmt.Sprint(is.Most))
}

// Others names where messages go that nobody is done with.
func (c *client) Others(ctx context.Context, q protocol.Queue) ([]string, error) {
	is, err := c.attributes(ctx, q)
	if err != nil {
		return nil, err
	}
	dead, after := redrive(is["RedrivePolicy"])
	if dead == "" {
		return nil, nil
	}
	return []string{fmt.Sprintf("queue %s (what is still there after %s receives)", dead, after)}, nil
}

// name is that of a queue, which is the end of its URL.
func name(q protocol.Queue) string { return path.Base(q.Text("queueURL")) }
