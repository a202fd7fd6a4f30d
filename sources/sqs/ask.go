package sqs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/protocol"
)

// ask asks SQS for something and reads what it answers. Of an error it says whether it
// may have been done nevertheless.
func (c *client) ask(ctx context.Context, q protocol.Queue, action string, body, into any) (maybe bool, err error) {
	text, err := json.Marshal(body)
	if err != nil {
		return false, err
	}
	header, err := c.signed(ctx, action, text)
	if err != nil {
		return false, err
	}
	answer, maybe, err := c.Once(ctx, c.at, text, header)
	if said, ok := errors.AsType[*protocol.Answer](err); ok {
		return maybe, c.refusal(said, q)
	}
	if err != nil {
		return maybe, err
	}
	if json.Unmarshal(answer, into) != nil {
		return true, errNotSQS
	}
	return false, nil
}

// signed are the headers of a request.
func (c *client) signed(ctx context.Context, action string, body []byte) (http.Header, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.at, bytes.NewReader(body))
	if err != nil {
		return nil, errNotSQS
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.0")
	req.Header.Set("X-Amz-Target", "AmazonSQS."+action)
	sum := sha256.Sum256(body)
	err = c.signer.SignHTTP(ctx, c.keys, req, hex.EncodeToString(sum[:]), "sqs", c.region, time.Now())
	return req.Header, err
}

var errNotSQS = &kscope.Trouble{Message: "what answers there is not SQS", Hint: "check awsEndpoint"}

// refusal is why SQS did not do what it was asked for, in plain words.
func (c *client) refusal(said *protocol.Answer, q protocol.Queue) error {
	var is struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
		Capital string `json:"Message"`
	}
	if json.Unmarshal([]byte(said.Body), &is) != nil || is.Type == "" {
		if said.Status >= http.StatusInternalServerError {
			return said // from what stands before it
		}
		return errNotSQS
	}
	if is.Message == "" {
		is.Message = is.Capital
	}
	message, hint, own := refused(is.Type[strings.LastIndexAny(is.Type, "#:")+1:], kscope.Clean(is.Message), name(q), c.region)
	if own && hint == "" {
		hint = elsewhere(q.Text("queueURL"), c.region)
	}
	t := &kscope.Trouble{Message: message, Hint: hint}
	if own {
		return protocol.Alone(t)
	}
	return t
}

// refused words an error of SQS by its type. What SQS says itself is repeated where it
// says more, and left out where times or signatures stand in it.
func refused(typ, said, queue, region string) (message, hint string, own bool) {
	has := func(parts ...string) bool {
		for _, part := range parts {
			if strings.Contains(typ, part) {
				return true
			}
		}
		return false
	}
	switch {
	case has("QueueDoesNotExist", "NonExistentQueue"):
		return "SQS has no queue " + kscope.Clean(queue) + " in " + region, "", true
	case has("InvalidAddress"):
		return "the URL of the queue is not one of " + region, "", true
	case has("AccessDenied"):
		return "SQS refuses: " + said, "the trigger's keys need sqs:GetQueueAttributes, and sqs:SendMessage to put jobs in", true
	case has("InvalidClientTokenId", "UnrecognizedClient", "InvalidAccessKeyId"):
		return "AWS does not know the access key of the trigger", "check awsAccessKeyID: it may be deleted or inactive, or temporary and lack its awsSessionToken", false
	case has("RequestExpired"), has("Signature") && strings.Contains(said, "ignature") && (strings.Contains(said, "expired") || strings.Contains(said, "not yet current")):
		return "AWS takes the request for too old or too new", "check the clock of this computer", false
	case has("Signature"):
		return "the secret access key of the trigger is not that of its access key", "check awsSecretAccessKey, and that awsRegion is the queue's", false
	case has("ExpiredToken"):
		return "the session token of the trigger has expired", "have a new awsSessionToken made, with its keys", false
	case has("Throttl", "TooManyRequests", "OverLimit"):
		return "SQS takes no more requests for the moment", "the account or the queue is at its limit of requests", true
	case has("Kms"):
		return "SQS cannot use the key that the queue is encrypted with: " + said, "the trigger's keys need to be allowed to use it", true
	case said != "":
		return "SQS refuses: " + said, "", true
	}
	return "SQS refuses: " + kscope.Clean(typ), "", true
}

// elsewhere is the hint for a queue whose URL is of another region than the trigger: the
// URL's is not used, by KEDA neither.
func elsewhere(queueURL, region string) string {
	u, err := url.Parse(queueURL)
	if err != nil {
		return ""
	}
	before, rest, _ := strings.Cut(u.Hostname(), ".")
	its, _, _ := strings.Cut(rest, ".")
	if before != "sqs" { // the old form, of REGION.queue
		its = before
	}
	if u.Host == "" || !strings.Contains(u.Host, ".amazonaws.") || its == region || its == "queue" {
		return "check queueURL, awsRegion, and whose keys these are: a queue is looked for in their account"
	}
	return "queueURL is of " + kscope.Clean(its) + ", and awsRegion says " + kscope.Clean(region)
}
