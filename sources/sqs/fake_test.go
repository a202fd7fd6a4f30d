package sqs

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/sources/protocol/protocoltest"
	"github.com/kscope/kscope/triggers"
)

// fake is an SQS that checks who asks, which fauxqs does not.
type fake struct {
	*httptest.Server
	mu      sync.Mutex
	n       int
	refuse  string // __type and message of the next answers, by a blank
	fails   string // the code of the first entry of each batch
	entries []entry
}

// serves is one key with its secret, and a session token.
func serves(t *testing.T) *fake {
	f := &fake{}
	f.Server = httptest.NewTLSServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fake) good() map[string]string {
	return map[string]string{
		"queueURL": "https://sqs.eu-central-1.amazonaws.com/123456789012/orders", "awsRegion": "eu-central-1", "awsEndpoint": f.URL, "awsAccessKeyID": "ASIATEST",
		"awsSecretAccessKey": "hunter2hunter2", "awsSessionToken": "a-token-of-a-session", "scaleOnInFlight": "true",
	}
}

func (f *fake) sqs() protocol.Protocol {
	return sqs{&tls.Config{RootCAs: f.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, MinVersion: tls.VersionTLS12}}
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	answer := func(status int, of any) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(of)
	}
	typ, message, _ := strings.Cut(f.refuse, " ")
	if typ == "" {
		typ, message = checked(r, body)
	}
	if typ == "gone" {
		panic(http.ErrAbortHandler)
	}
	if typ != "" {
		answer(http.StatusBadRequest, map[string]string{"__type": "com.amazon.coral.service#" + typ, "message": message})
		return
	}
	switch r.Header.Get("X-Amz-Target") {
	case "AmazonSQS.GetQueueAttributes":
		answer(http.StatusOK, map[string]any{"Attributes": map[string]string{
			"ApproximateNumberOfMessages": fmt.Sprint(f.n), "ApproximateNumberOfMessagesNotVisible": "0", "ApproximateNumberOfMessagesDelayed": "0",
		}})
	case "AmazonSQS.SendMessageBatch":
		var ask struct{ Entries []entry }
		_ = json.Unmarshal(body, &ask)
		var good, bad []map[string]string
		for i, e := range ask.Entries {
			if f.fails != "" && i == 0 {
				bad = append(bad, map[string]string{"Id": e.ID, "Code": f.fails, "Message": "no"})
				continue
			}
			f.n++
			f.entries = append(f.entries, e)
			good = append(good, map[string]string{"Id": e.ID})
		}
		answer(http.StatusOK, map[string]any{"Successful": good, "Failed": bad})
	}
}

// checked signs a request again, and says what is wrong with the signature that it has.
func checked(r *http.Request, body []byte) (typ, message string) {
	key, _, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential="), "/")
	switch {
	case key != "ASIATEST":
		return "InvalidClientTokenId", "The security token included in the request is invalid."
	case r.Header.Get("X-Amz-Security-Token") != "a-token-of-a-session":
		return "UnrecognizedClientException", "The security token included in the request is invalid."
	}
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		return "IncompleteSignature", "no date"
	}
	again, _ := http.NewRequestWithContext(r.Context(), r.Method, "https://"+r.Host+r.URL.Path, bytes.NewReader(body))
	again.Header.Set("Content-Type", r.Header.Get("Content-Type"))
	again.Header.Set("X-Amz-Target", r.Header.Get("X-Amz-Target"))
	sum := sha256.Sum256(body)
	keys := aws.Credentials{AccessKeyID: key, SecretAccessKey: "hunter2hunter2", SessionToken: "a-token-of-a-session"}
	if v4.NewSigner().SignHTTP(r.Context(), keys, again, hex.EncodeToString(sum[:]), "sqs", "eu-central-1", at) != nil || again.Header.Get("Authorization") != r.Header.Get("Authorization") {
		return "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. The Canonical String should have been 20261127T000000Z"
	}
	return "", ""
}

func TestSigned(t *testing.T) {
	f := serves(t)
	protocoltest.Run(t, protocoltest.Suite{
		Protocol: f.sqs(), Type: "aws-sqs-queue", Good: f.good(), Secrets: []string{"hunter2hunter2", "a-token-of-a-session"}, Loads: true,
		Wrong: []protocoltest.Wrong{
			{Name: "another key", With: map[string]string{"awsAccessKeyID": "ASIAOTHER"}, Say: "AWS does not know the access key"},
			{Name: "no token", With: map[string]string{"awsSessionToken": ""}, Say: "AWS does not know the access key"},
			{Name: "another secret", With: map[string]string{"awsSecretAccessKey": "hunter3hunter3"}, Say: "the secret access key of the trigger is not that of its access key"},
			{Name: "another region", With: map[string]string{"awsRegion": "eu-west-1"}, Say: "the secret access key"},
		},
	})
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range f.entries {
		if e.Attributes["kscope"].StringValue == "" || e.Attributes["kscope"].DataType != "String" || e.Group != "" {
			t.Fatalf("sent: %+v", e)
		}
	}
	r := protocoltest.Suite{Protocol: New(), Type: "aws-sqs-queue", Good: f.good()}
	if _, err := r.New(t, nil).Measure(); err == nil || !strings.Contains(err.Error(), "certificate of") || !strings.Contains(err.Error(), "is not trusted") {
		t.Errorf("of a certificate that nobody knows: %v", err)
	}
}

// TestRefused: what SQS may answer, in words, and whether it is about the queue alone.
func TestRefused(t *testing.T) {
	f := serves(t)
	suite := protocoltest.Suite{Protocol: f.sqs(), Type: "aws-sqs-queue", Good: f.good()}
	for refuse, want := range map[string]string{
		"AccessDeniedException User: arn:aws:iam::1:user/keda is not authorized to perform: sqs:getqueueattributes": "SQS refuses: User: arn:aws:iam::1:user/keda is not authorized",
		"ExpiredTokenException The security token included in the request is expired":                               "has expired",
		"InvalidSignatureException Signature expired: 20261127T000000Z is now earlier than 20261127T001000Z":        "too old or too new",
		"RequestThrottled Request is throttled.":                                                                    "no more requests for the moment",
		"KMS.AccessDeniedException no":                                                                              "SQS refuses: no",
		"KmsDisabled arn:aws:kms:x is disabled":                                                                     "SQS cannot use the key",
		"InvalidAddress The address is not valid for this e":                                                        "not one of eu-central-1",
		"SomethingNew It is new":                                                                                    "SQS refuses: It is new",
		"SomethingNew":                                                                                              "SQS refuses: SomethingNew",
	} {
		f.mu.Lock()
		f.refuse = refuse
		f.mu.Unlock()
		got, err := suite.New(t, nil).Measure()
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "2026") {
			t.Errorf("%s: %v", refuse, err)
		}
		if server := strings.Contains(want, "expired") || strings.Contains(want, "too old"); got.Own == server {
			t.Errorf("%s: own is %v", refuse, got.Own)
		}
	}
}

// TestFailed: what SQS refuses of a batch is not counted, and what nothing was heard of
// is told apart.
func TestFailed(t *testing.T) {
	f := serves(t)
	c := connect(t, f.sqs(), f.good())
	q := protocol.Queue{Parameters: triggers.Parameters{Values: f.good()}}
	f.fails = "InvalidMessageContents"
	if did := c.Push(t.Context(), q, protocoltest.Jobs(kscope.Backlog{}, 10)); did.Accepted != 9 || did.Unknown != 0 || did.Err == nil || did.Err.Error() != "SQS refuses: no" {
		t.Errorf("got %+v", did)
	}
	f.fails, f.refuse = "", "gone"
	if did := c.Push(t.Context(), q, protocoltest.Jobs(kscope.Backlog{}, 10)); did.Accepted != 0 || did.Unknown != 10 || did.Err == nil {
		t.Errorf("got %+v", did)
	}
	f.refuse = "AccessDenied no"
	if did := c.Push(t.Context(), q, protocoltest.Jobs(kscope.Backlog{}, 10)); did.Accepted != 0 || did.Unknown != 0 || did.Err == nil {
		t.Errorf("got %+v", did)
	}
}

// TestHints: a queue that is not there may be in another region, whose URL nobody heeds.
func TestHints(t *testing.T) {
	for url, want := range map[string]string{
		"https://sqs.eu-west-1.amazonaws.com/1/q":   "queueURL is of eu-west-1, and awsRegion says us-east-1",
		"https://eu-west-1.queue.amazonaws.com/1/q": "queueURL is of eu-west-1, and awsRegion says us-east-1",
		"https://sqs.us-east-1.amazonaws.com/1/q":   "check queueURL", "https://queue.amazonaws.com/1/q": "check queueURL", "q": "check queueURL", "http://localstack:4566/1/q": "check queueURL",
	} {
		if got := elsewhere(url, "us-east-1"); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s", url, got)
		}
	}
	for region, want := range map[string]string{"eu-central-1": "https://sqs.eu-central-1.amazonaws.com", "cn-north-1": "https://sqs.cn-north-1.amazonaws.com.cn", "us-gov-west-1": "https://sqs.us-gov-west-1.amazonaws.com"} {
		if got := endpoint(region); got != want {
			t.Errorf("%s: %s", region, got)
		}
	}
}

// TestIdentity: who asks is KEDA's operator with an identity of AWS, and the keys with
// that of another.
func TestIdentity(t *testing.T) {
	for identity, want := range map[string]string{"aws": "the trigger uses the AWS identity, which only KEDA's operator has", "aws-eks": "the trigger uses the AWS identity, which only KEDA's operator has", "": "", "gcp": ""} {
		p := triggers.Parameters{Identity: identity, Values: map[string]string{"queueURL": "q", "awsRegion": "r", "awsAccessKeyId": "a", "awsSecretAccessKey": "b"}}
		if _, err := New().Key(p); (err == nil) != (want == "") || err != nil && err.Error() != want {
			t.Errorf("%s: %v", identity, err)
		}
	}
}
