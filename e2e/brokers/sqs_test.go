package brokers

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// startSQS is fauxqs, which the Makefile installs.
func startSQS(t *testing.T) *server {
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	modules := filepath.Join(strings.TrimSpace(string(out)), "kscope-tools", "fauxqs-2.4.1", "node_modules")
	node := filepath.Join(modules, ".bin", "node")
	if _, err := os.Stat(node); err != nil {
		node = "node" // the system's knows all that it takes
	}
	at, port := free(t)
	listens(t, at, t.TempDir(), []string{"FAUXQS_PORT=" + port, "FAUXQS_LOGGER=false"}, node, filepath.Join(modules, "fauxqs", "dist", "cli.js"))
	keys := aws.Credentials{AccessKeyID: "AKIAHUNTER2", SecretAccessKey: "hunter2-sqs"}
	client := sqs.New(sqs.Options{
		Region: "eu-central-1", BaseEndpoint: aws.String("http://" + at),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return keys, nil }),
	})
	made, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("orders")})
	if err != nil {
		t.Fatal(err)
	}
	return &server{
		typ:      "aws-sqs-queue",
		metadata: map[string]string{"queueURL": *made.QueueUrl, "awsRegion": "eu-central-1", "awsEndpoint": "http://" + at, "queueLength": "5"},
		secret:   map[string]string{"awsAccessKeyID": keys.AccessKeyID, "awsSecretAccessKey": keys.SecretAccessKey},
		take: func(n int) error {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			for left := n; left > 0; {
				got, err := client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: made.QueueUrl, MaxNumberOfMessages: int32(min(left, 10)), WaitTimeSeconds: 1})
				if err != nil {
					return fmt.Errorf("take %d of %d: %w", left, n, err)
				}
				for _, m := range got.Messages {
					if _, err := client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: made.QueueUrl, ReceiptHandle: m.ReceiptHandle}); err != nil {
						return err
					}
					left--
				}
			}
			return nil
		},
	}
}
