package rabbitmq

import (
	"net/url"
	"testing"
	"time"

	"github.com/kscope/kscope/sources/protocol/protocoltest"
)

// as is a URL that says who one is.
func as(scheme, user, password, at, vhost string) string {
	u := url.URL{Scheme: scheme, User: url.UserPassword(user, password), Host: at, Path: "/" + vhost}
	return u.String()
}

func TestAMQP(t *testing.T) {
	t.Parallel()
	s := rabbitmq(t)
	s.queue(t, "amqp", "")
	good := as("amqp", "kscope", password, s.amqp, "shop")
	protocoltest.Run(t, protocoltest.Suite{
		Protocol: New(), Type: "rabbitmq",
		Good:    map[string]string{"host": good, "queueName": "amqp", "mode": "QueueLength", "value": "5"},
		Secrets: []string{password, url.QueryEscape(password), good, "wr0ng"}, Loads: true, Purges: true,
		Take: func(n int) []string { return s.take(t, "amqp", n) },
		Wrong: []protocoltest.Wrong{
			{Name: "no host", With: map[string]string{"host": ""}, Say: "names no host"},
			{Name: "no queue", With: map[string]string{"queueName": ""}, Say: "names no queue"},
			{Name: "nobody there", With: map[string]string{"host": as("amqp", "kscope", password, "127.0.0.1:1", "shop")}, Say: "nothing listens at"},
			{Name: "a name nobody knows", With: map[string]string{"host": as("amqp", "kscope", password, "rabbit.nowhere.invalid", "shop")}, Say: "is not known here"},
			{Name: "another password", With: map[string]string{"host": as("amqp", "kscope", "wr0ng", s.amqp, "shop")}, Say: "refuses the login of user kscope"},
			{Name: "half of a password", With: map[string]string{"host": "amqp://kscope:wr0ng#x@" + s.amqp + "/shop"}, Say: "not the URL"},
			{Name: "another scheme", With: map[string]string{"host": "redis://" + s.amqp}, Say: "begins with none"},
			{Name: "another protocol", With: map[string]string{"protocol": "http"}, Say: "protocol is http, and host begins with amqp://"},
			{Name: "no virtual host", With: map[string]string{"vhostName": "nowhere"}, Say: "no virtual host nowhere"},
			{Name: "a closed virtual host", With: map[string]string{"vhostName": "closed", "username": "plain", "password": "plainword"}, Say: "access to vhost 'closed' refused for user 'plain'"},
			{Name: "a missing queue", With: map[string]string{"queueName": "missing"}, Say: "no queue missing in the virtual host shop", Own: true},
			{Name: "a TLS port", With: map[string]string{"host": as("amqp", "kscope", password, s.amqps, "shop")}, Say: "expects TLS"},
			{Name: "an authority that is none", With: map[string]string{"tls": "enable", "ca": "nothing"}, Say: "ca is not a certificate"},
		},
	})
}

func TestAMQPS(t *testing.T) {
	t.Parallel()
	s := rabbitmq(t)
	s.queue(t, "amqps", "")
	good := as("amqps", "kscope", password, s.amqps, "shop")
	protocoltest.Run(t, protocoltest.Suite{
		Protocol: New(), Type: "rabbitmq", Secrets: []string{password, good, s.key},
		Good:  map[string]string{"host": good, "queueName": "amqps", "tls": "enable", "ca": string(s.ca)},
		Loads: true, Purges: true,
		Wrong: []protocoltest.Wrong{
			{Name: "no authority", With: map[string]string{"ca": ""}, Say: "not trusted"},
			{Name: "TLS not enabled", With: map[string]string{"tls": "disable"}, Say: "KEDA does not use ca"},
			{Name: "a plain port", With: map[string]string{"host": as("amqps", "kscope", password, s.amqp, "shop")}, Say: "does not seem to speak TLS"},
			{Name: "no user of that certificate", With: map[string]string{"host": "amqps://" + s.amqps + "/closed", "cert": s.cert, "key": s.key}, Say: "refused for user 'client'"},
		},
	})
	t.Run("client certificate", func(t *testing.T) {
		protocoltest.Run(t, protocoltest.Suite{
			Protocol: New(), Type: "rabbitmq", Loads: true, Purges: true, Secrets: []string{s.key},
			Good: map[string]string{"host": "amqps://" + s.amqps + "/shop", "queueName": "amqps", "tls": "enable", "ca": string(s.ca), "cert": s.cert, "key": s.key},
		})
	})
}

// settle is how long statistics take; those of a queue that is new take longest.
const settle = 10 * time.Second

func TestManagement(t *testing.T) {
	t.Parallel()
	s := rabbitmq(t)
	s.queue(t, "http", "")
	good := as("http", "kscope", password, s.http, "shop")
	protocoltest.Run(t, protocoltest.Suite{
		Protocol: New(), Type: "rabbitmq", Secrets: []string{password, url.QueryEscape(password), good, "wr0ng"},
		Good:  map[string]string{"host": good, "queueName": "http", "mode": "QueueLength", "value": "5"},
		Loads: true, Purges: true, Settle: settle,
		Take: func(n int) []string { return s.take(t, "http", n) },
		Wrong: []protocoltest.Wrong{
			{Name: "nobody there", With: map[string]string{"host": as("http", "kscope", password, "127.0.0.1:1", "shop")}, Say: "nothing listens at"},
			{Name: "another password", With: map[string]string{"host": as("http", "kscope", "wr0ng", s.http, "shop")}, Say: "refuses the login of user kscope"},
			{Name: "nobody", With: map[string]string{"host": "http://" + s.http + "/shop"}, Say: "wants a login"},
			{Name: "no right to manage", With: map[string]string{"username": "plain", "password": "plainword"}, Say: "not use the management API"},
			{Name: "no virtual host", With: map[string]string{"vhostName": "nowhere"}, Say: "no virtual host nowhere", Own: true},
			{Name: "a closed virtual host", With: map[string]string{"vhostName": "closed", "username": "reader", "password": "readword"}, Say: "no access to the virtual host", Own: true},
			{Name: "a missing queue", With: map[string]string{"queueName": "missing"}, Say: "no queue missing in the virtual host shop", Own: true},
			{Name: "a queue of another vhost", With: map[string]string{"vhostName": "/"}, Say: "no queue http in the virtual host /", Own: true},
			{Name: "the amqp port", With: map[string]string{"host": as("http", "kscope", password, s.amqp, "shop")}, Say: "does not speak HTTP"},
			{Name: "the TLS port", With: map[string]string{"host": as("http", "kscope", password, s.https, "shop")}, Say: "TLS"},
			{Name: "a wrong path", With: map[string]string{"host": as("http", "kscope", password, s.http, "rabbit/shop")}, Say: "no management API"},
			{Name: "no regular expression", With: map[string]string{"useRegex": "true", "queueName": "ht(tp"}, Say: "regular expression", Own: true},
			{Name: "too large a page", With: map[string]string{"useRegex": "true", "pageSize": "501"}, Say: "pageSize is 501", Own: true},
			{Name: "an identity", With: map[string]string{"workloadIdentityResource": "api://rabbitmq"}, Say: "workload identity"},
		},
	})
}

func TestManagementTLS(t *testing.T) {
	t.Parallel()
	s := rabbitmq(t)
	s.queue(t, "https", "")
	good := as("https", "kscope", password, s.https, "shop")
	protocoltest.Run(t, protocoltest.Suite{
		Protocol: New(), Type: "rabbitmq", Secrets: []string{password, good}, Settle: settle,
		Good: map[string]string{"host": good, "queueName": "https", "tls": "enable", "ca": string(s.ca)},
		Wrong: []protocoltest.Wrong{
			{Name: "no authority", With: map[string]string{"ca": ""}, Say: "not trusted"},
			{Name: "TLS not enabled", With: map[string]string{"tls": "disable"}, Say: "KEDA does not use ca"},
			{Name: "a plain port", With: map[string]string{"host": as("https", "kscope", password, s.http, "shop")}, Say: "does not seem to speak TLS"},
		},
	})
}

func BenchmarkMeasure(b *testing.B) {
	s := rabbitmq(b)
	s.queue(b, "bench", "")
	b.Run("amqp", func(b *testing.B) {
		protocoltest.BenchmarkMeasure(b, New(), "rabbitmq", map[string]string{"host": as("amqp", "kscope", password, s.amqp, "shop"), "queueName": "bench"})
	})
	b.Run("http", func(b *testing.B) {
		protocoltest.BenchmarkMeasure(b, New(), "rabbitmq", map[string]string{"host": as("http", "kscope", password, s.http, "shop"), "queueName": "bench"})
	})
}

func BenchmarkPush(b *testing.B) {
	s := rabbitmq(b)
	s.queue(b, "bench", "")
	for _, scheme := range []string{"amqp", "http"} {
		b.Run(scheme, func(b *testing.B) {
			at := s.amqp
			if scheme == "http" {
				at = s.http
			}
			protocoltest.BenchmarkPush(b, New(), "rabbitmq", map[string]string{"host": as(scheme, "kscope", password, at, "shop"), "queueName": "bench"})
		})
	}
}
