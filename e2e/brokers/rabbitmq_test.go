package brokers

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
)

// rabbitMQ is a server for several stories, for it takes twenty seconds to start.
type rabbitMQ struct {
	amqp, http string // host:port
	epmd, self *process
}

const rabbitPassword = "hunter2-rabbit"

// startRabbitMQ begins to start it, with user admin and the virtual host shop.
func startRabbitMQ(ctx context.Context, dir string) (*rabbitMQ, error) {
	dir = filepath.Join(dir, "rabbitmq")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	var at, port [4]string
	for i := range at {
		var err error
		if at[i], port[i], err = loopback(); err != nil {
			return nil, err
		}
	}
	r := &rabbitMQ{amqp: at[0], http: at[1]}
	config := fmt.Sprintf("listeners.tcp.default = %s\nmanagement.tcp.ip = 127.0.0.1\nmanagement.tcp.port = %s\ncollect_statistics_interval = 500\n"+
		"default_vhost = shop\ndefault_user = admin\ndefault_pass = %s\nlog.console.level = warning\n", at[0], port[1], rabbitPassword)
	for name, text := range map[string]string{"rabbitmq.conf": config, "plugins": "[rabbitmq_management]."} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	env := []string{
		"HOME=" + dir, "ERL_EPMD_ADDRESS=127.0.0.1", "ERL_EPMD_PORT=" + port[2], "RABBITMQ_NODENAME=kscope-brokers@localhost", "RABBITMQ_DIST_PORT=" + port[3],
		"RABBITMQ_CONF_ENV_FILE=" + filepath.Join(dir, "none"), "RABBITMQ_CONFIG_FILE=" + filepath.Join(dir, "rabbitmq.conf"),
		"RABBITMQ_ENABLED_PLUGINS_FILE=" + filepath.Join(dir, "plugins"), "RABBITMQ_MNESIA_BASE=" + filepath.Join(dir, "data"), "RABBITMQ_LOG_BASE=" + dir, "RABBITMQ_LOGS=-",
		"RABBITMQ_ALLOW_INPUT=1", "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-start_epmd false -noinput", // or it starts what outlives it
	}
	var err error
	if r.epmd, err = begin(dir, env, "epmd", "-address", "127.0.0.1", "-port", port[2]); err != nil {
		return nil, err
	}
	if err = r.epmd.await(ctx, at[2]); err == nil {
		r.self, err = begin(dir, env, "/usr/lib/rabbitmq/bin/rabbitmq-server") // the one in the path becomes another user
	}
	if err != nil {
		r.epmd.kill()
		return nil, err
	}
	return r, nil
}

func (r *rabbitMQ) stop() {
	if r != nil {
		r.self.kill()
		r.epmd.kill()
	}
}

// api asks the management API to put something.
func (r *rabbitMQ) api(path, body string) error {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPut, "http://"+r.http+"/api/"+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.SetBasicAuth("admin", rabbitPassword)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if b, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("%s: %s %s %w", path, resp.Status, b, err)
	}
	return nil
}

// user gives one a password.
func (r *rabbitMQ) user(name, password string) error {
	return r.api("users/"+name, fmt.Sprintf(`{"password":%q,"tags":"management"}`, password))
}

func startRabbitMQByAMQP(t *testing.T) *server {
	g, s := rabbitStory(t, "amqp", rabbit.amqp)
	s.leave, s.back, s.gone = g.stop, g.goOn, "gave no answer in time"
	return s
}

func startRabbitMQByHTTP(t *testing.T) *server {
	g, s := rabbitStory(t, "http", rabbit.http)
	s.leave, s.back, s.gone = g.shut, g.open, "closed the connection"
	return s
}

// rabbitStory is a queue with a user of its own, and a way of its own.
func rabbitStory(t *testing.T, protocol, to string) (*gate, *server) {
	if err := rabbit.self.await(t.Context(), rabbit.amqp); err != nil {
		t.Fatal(err)
	}
	if err := rabbit.self.await(t.Context(), rabbit.http); err != nil {
		t.Fatal(err)
	}
	queue, user := "orders-"+protocol, "keda-"+protocol
	password := "hunter2-" + protocol
	for _, err := range []error{
		rabbit.user(user, password), rabbit.api("permissions/shop/"+user, `{"configure":"","write":".*","read":".*"}`),
		rabbit.api("queues/shop/"+queue, `{"durable":true}`),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	g := gateTo(t, to)
	host := func() string { return fmt.Sprintf("%s://%s:%s@%s/shop", protocol, user, password, g.at) }
	return g, &server{
		typ:      "rabbitmq",
		metadata: map[string]string{"protocol": protocol, "queueName": queue, "mode": "QueueLength", "value": "5"},
		secret:   map[string]string{"host": host(), "word": password}, // the second is KEDA's no parameter: it is not to be told either
		take: func(n int) error {
			conn, err := amqp.Dial("amqp://admin:" + rabbitPassword + "@" + rabbit.amqp + "/shop")
			if err != nil {
				return err
			}
			defer func() { _ = conn.Close() }()
			ch, err := conn.Channel()
			if err != nil {
				return err
			}
			for i := range n {
				switch m, ok, err := ch.Get(queue, false); {
				case err != nil:
					return err
				case !ok:
					return fmt.Errorf("there were %d of %d", i, n)
				default:
					if err := m.Ack(false); err != nil {
						return err
					}
				}
			}
			return nil
		},
		rotate: func() (map[string]string, error) {
			password += "-new"
			err := rabbit.user(user, password)
			g.drop()
			return map[string]string{"host": host(), "word": password}, err
		},
		refused: "RabbitMQ refuses the login of user " + user,
	}
}
