package sqs

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/sources/protocol/protocoltest"
	"github.com/kscope/kscope/triggers"
)

// fauxqs starts the stand-in for SQS that the Makefile installs, and gives its address.
func fauxqs(t testing.TB) string {
	t.Helper()
	cache, err := exec.CommandContext(t.Context(), "go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	modules := filepath.Join(strings.TrimSpace(string(cache)), "kscope-tools", "fauxqs-2.4.1", "node_modules")
	node, err := exec.LookPath(filepath.Join(modules, ".bin", "node"))
	if err != nil {
		node = "node" // the system's is new enough
	}
	port := protocoltest.Port(t)
	at := protocoltest.Loopback(port)
	protocoltest.Start(t, at, "env", "FAUXQS_PORT="+strconv.Itoa(port), "FAUXQS_LOGGER=false", node, filepath.Join(modules, "fauxqs", "dist", "cli.js"))
	return "http://" + at
}

// does has a server do something that kscope itself does not.
func does(t testing.TB, at, action, body string) (answer map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, at, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Amz-Target", "AmazonSQS."+action)
	req.Header.Set("Content-Type", "application/x-amz-json-1.0")
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=x/20261127/eu-central-1/sqs/aws4_request, SignedHeaders=host, Signature=x")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil && action != "DeleteMessageBatch" || resp.StatusCode != http.StatusOK {
		t.Fatal(action, resp.Status, answer, err)
	}
	return answer
}

// good is a trigger for a queue that is made, with others of its kind.
func good(t testing.TB, at string) map[string]string {
	does(t, at, "CreateQueue", `{"QueueName":"dead"}`)
	made := does(t, at, "CreateQueue", `{"QueueName":"orders","Attributes":{"RedrivePolicy":"{\"deadLetterTargetArn\":\"arn:aws:sqs:eu-central-1:000000000000:dead\",\"maxReceiveCount\":\"5\"}"}}`)
	does(t, at, "CreateQueue", `{"QueueName":"orders.fifo","Attributes":{"FifoQueue":"true"}}`)
	return map[string]string{
		"queueURL": made["QueueUrl"].(string), "awsRegion": "eu-central-1", "awsEndpoint": at, "awsAccessKeyID": "AKIATEST", "awsSecretAccessKey": "hunter2hunter2",
		"scaleOnInFlight": "true", "queueLength": "5",
	}
}

func with(all map[string]string, name, value string) map[string]string {
	all = maps.Clone(all)
	all[name] = value
	return all
}

func TestFauxqs(t *testing.T) {
	at := fauxqs(t)
	good := good(t, at)
	suite := protocoltest.Suite{
		Protocol: New(), Type: "aws-sqs-queue", Good: good, Secrets: []string{"hunter2hunter2"}, Loads: true,
		Take: func(n int) []string { return take(t, at, good["queueURL"], n) },
		Wrong: []protocoltest.Wrong{
			{Name: "no queue", With: map[string]string{"queueURL": ""}, Say: "names no queue"},
			{Name: "no region", With: map[string]string{"awsRegion": ""}, Say: "names no region"},
			{Name: "no key", With: map[string]string{"awsAccessKeyID": ""}, Say: "no awsAccessKeyID"},
			{Name: "no secret", With: map[string]string{"awsSecretAccessKey": ""}, Say: "no awsSecretAccessKey"},
			{Name: "the operator's identity", With: map[string]string{"identityOwner": "operator"}, Say: "only KEDA's operator has"},
			{Name: "a role", With: map[string]string{"awsRoleArn": "arn:aws:iam::1:role/x"}, Say: "the AWS role arn:aws:iam::1:role/x, which only KEDA's operator has"},
			{Name: "another queue", With: map[string]string{"queueURL": good["queueURL"] + "x"}, Say: "SQS has no queue ordersx in eu-central-1", Own: true},
			{Name: "nobody there", With: map[string]string{"awsEndpoint": "http://" + protocoltest.Loopback(1)}, Say: "nothing listens at"},
			{Name: "TLS where there is none", With: map[string]string{"awsEndpoint": strings.Replace(at, "http:", "https:", 1)}, Say: "does not seem to speak TLS"},
			{Name: "an impossible endpoint", With: map[string]string{"awsEndpoint": "sqs.local"}, Say: "awsEndpoint is no URL"},
		},
	}
	protocoltest.Run(t, suite)
	t.Run("by name", func(t *testing.T) {
		r := suite.New(t, map[string]string{"queueURL": "orders"})
		if got := r.Await(7); got.Note != "to dead after 5 receives" || got.Type != "queue" {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("FIFO", func(t *testing.T) {
		url := strings.Replace(good["queueURL"], "orders", "orders.fifo", 1)
		r := suite.New(t, map[string]string{"queueURL": url})
		r.Await(0)
		r.Push(500)
		if got := r.Await(500); got.Type != "FIFO queue" {
			t.Errorf("got %+v", got)
		}
		r.Push(500)
		r.Await(1000) // none of these was taken for one of those
	})
	t.Run("others", func(t *testing.T) {
		c := connect(t, New(), good)
		others, err := c.Others(t.Context(), protocol.Queue{Parameters: triggers.Parameters{Values: good}})
		if err != nil || len(others) != 1 || others[0] != "queue dead (what is still there after 5 receives)" {
			t.Errorf("got %q, %v", others, err)
		}
	})
	t.Run("in flight", func(t *testing.T) {
		does(t, at, "ReceiveMessage", fmt.Sprintf(`{"QueueUrl":%q,"MaxNumberOfMessages":3}`, good["queueURL"]))
		suite.New(t, nil).Await(7)
		got := suite.New(t, map[string]string{"scaleOnInFlight": "false"}).Await(4)
		if got.Parts[0].N != 4 || got.Parts[1].N != 3 {
			t.Errorf("got %+v", got)
		}
	})
}

func connect(t testing.TB, p protocol.Protocol, with map[string]string) *client {
	t.Helper()
	c, err := p.Connect(t.Context(), triggers.Parameters{Values: with}, new(net.Dialer).DialContext)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c.(*client)
}

// take takes messages and deletes them, as a worker does.
func take(t *testing.T, at, queue string, n int) (jobs []string) {
	for len(jobs) < n {
		got := does(t, at, "ReceiveMessage", fmt.Sprintf(`{"QueueUrl":%q,"MaxNumberOfMessages":10,"MessageAttributeNames":["All"]}`, queue))
		all, _ := got["Messages"].([]any)
		if len(all) == 0 {
			return jobs
		}
		var done []string
		for i, m := range all {
			m := m.(map[string]any)
			if m["MessageAttributes"].(map[string]any)["kscope"] == nil {
				t.Fatalf("not marked: %v", m)
			}
			jobs = append(jobs, m["Body"].(string))
			done = append(done, fmt.Sprintf(`{"Id":"%d","ReceiptHandle":%q}`, i, m["ReceiptHandle"]))
		}
		does(t, at, "DeleteMessageBatch", fmt.Sprintf(`{"QueueUrl":%q,"Entries":[%s]}`, queue, strings.Join(done, ",")))
	}
	return jobs
}

// TestReading: KEDA's rule, aws_sqs_queue_scaler.go of 2.21: visible, in flight by default,
// delayed on request, and an error where one of these that counts is missing.
func TestReading(t *testing.T) {
	all := map[string]string{"ApproximateNumberOfMessages": "3", "ApproximateNumberOfMessagesNotVisible": "2", "ApproximateNumberOfMessagesDelayed": "7", "QueueArn": "arn:aws:sqs:eu-west-1:1:jobs.fifo"}
	for _, c := range []struct {
		without           string
		inFlight, delayed bool
		want              float64 // negative for an error
	}{
		{"", true, false, 5}, {"", false, false, 3}, {"", true, true, 12}, {"", false, true, 10},
		{"ApproximateNumberOfMessages", false, false, -1}, {"ApproximateNumberOfMessagesNotVisible", true, false, -1}, {"ApproximateNumberOfMessagesNotVisible", false, false, 3},
		{"ApproximateNumberOfMessagesDelayed", true, false, 5}, {"ApproximateNumberOfMessagesDelayed", true, true, -1},
	} {
		got, err := reading(with(all, c.without, ""), c.inFlight, c.delayed)
		if (err != nil) != (c.want < 0) || err == nil && (got.N != c.want || got.Type != "FIFO queue") || err != nil && (got.N != 0 || !protocol.IsAlone(err)) {
			t.Errorf("%+v: %+v, %v", c, got, err)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add(`{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:1:dead","maxReceiveCount":3}`, 400, `{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"x"}`, "https://sqs.eu-west-1.amazonaws.com/1/q")
	f.Add(`{"deadLetterTargetArn":":"}`, 503, `<html>`, "https://eu-west-1.queue.amazonaws.com/1/q")
	f.Fuzz(func(t *testing.T, policy string, status int, body, url string) {
		dead, after := redrive(policy)
		q := protocol.Queue{Parameters: triggers.Parameters{Values: map[string]string{"queueURL": url}}}
		err := (&client{region: "eu-central-1"}).refusal(&protocol.Answer{Status: status, Body: body}, q)
		if strings.ContainsAny(dead+after+err.Error(), "\x1b\n") || err.Error() == "" {
			t.Errorf("%q %q %q", dead, after, err)
		}
	})
}

func BenchmarkMeasure(b *testing.B) {
	protocoltest.BenchmarkMeasure(b, New(), "aws-sqs-queue", good(b, fauxqs(b)))
}

func BenchmarkPush(b *testing.B) {
	protocoltest.BenchmarkPush(b, New(), "aws-sqs-queue", good(b, fauxqs(b)))
}

var (
	_ protocol.Pusher = (*client)(nil)
	_ protocol.Sharer = (*client)(nil)
)
