package triggers

import "testing"

func TestHost(t *testing.T) {
	for address, want := range map[string]string{
		"redis.demo.svc:6379": "redis.demo.svc", "a:1, b:2": "a", "amqp://user:***@rabbitmq.demo:5672/vhost": "rabbitmq.demo", "http://prometheus.monitoring:9090/api": "prometheus.monitoring",
		"": "", "orders": "orders", "https://sqs.eu-west-1.amazonaws.com": "sqs.eu-west-1.amazonaws.com",
	} {
		if got := Host(address); got != want {
			t.Errorf("%s: got %q, want %q", address, got, want)
		}
	}
}

func TestLoads(t *testing.T) {
	for _, c := range []struct {
		typ, want string
		metadata  map[string]string
	}{
		{"rabbitmq", "straight into the queue, past the exchange and its other bindings", map[string]string{"queueName": "orders"}},
		{"azure-servicebus", "", map[string]string{"queueName": "orders"}},
		{"azure-servicebus", "to the topic, for every subscription whose filter takes them", map[string]string{"topicName": "orders", "subscriptionName": "worker"}},
		{"aws-sqs-queue", "in several message groups", map[string]string{"queueURL": "https://sqs/1/orders.fifo"}},
		{"beanstalkd", "", map[string]string{"tube": "orders"}},
	} {
		b, ok := WorkBacklog(c.typ, c.metadata, c.metadata, Origin{})
		if got := Describe(b).Loads; !ok || got != c.want {
			t.Errorf("%s: got %q, want %q", c.typ, got, c.want)
		}
	}
}
