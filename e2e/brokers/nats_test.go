package brokers

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func startNATS(t *testing.T) *server {
	at, port := free(t)
	web, webPort := free(t)
	dir := t.TempDir()
	p := listens(t, at, dir, nil, "nats-server", "-a", "127.0.0.1", "-p", port, "-m", webPort, "-js", "-sd", dir)
	if err := p.await(t.Context(), web); err != nil {
		t.Fatal(err)
	}
	conn, err := nats.Connect("nats://" + at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "ORDERS", Subjects: []string{"orders.*"}})
	if err != nil {
		t.Fatal(err)
	}
	worker, err := stream.CreateConsumer(t.Context(), jetstream.ConsumerConfig{Durable: "worker", FilterSubject: "orders.new", AckPolicy: jetstream.AckExplicitPolicy})
	if err != nil {
		t.Fatal(err)
	}
	return &server{
		typ:      "nats-jetstream",
		metadata: map[string]string{"natsServerMonitoringEndpoint": web, "account": "$G", "stream": "ORDERS", "consumer": "worker", "lagThreshold": "5"},
		take: func(n int) error {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			for i := range n {
				m, err := worker.Next(jetstream.FetchContext(ctx))
				if err == nil {
					err = m.DoubleAck(ctx)
				}
				if err != nil {
					return fmt.Errorf("take message %d of %d: %w", i, n, err)
				}
			}
			return nil
		},
	}
}
