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
