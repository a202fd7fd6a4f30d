package rabbitmq

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/kscope/kscope/sources/protocol/protocoltest"
)

// password has in it what a URL has to escape.
const password = "s3cret/w@rd"

// server is RabbitMQ, started by the first test that asks for it and stopped behind the
// last: user kscope may do all in the virtual hosts / and shop, but is no user of the
// virtual host closed.
type server struct {
	amqp, amqps, http, https string // host:port
	ca                       []byte // in PEM
	cert, key                string // of the client named kscope, in PEM
	epmd                     string // its port
	home                     string
	stop                     []func()
}

var started struct {
	sync.Once
	*server
	err error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if started.server != nil {
		for _, stop := range started.stop {
			stop()
		}
	}
	os.Exit(code)
}

func rabbitmq(t testing.TB) *server {
	t.Helper()
	started.Do(func() {
		started.server = &server{}
		started.err = started.start(t)
	})
	if started.err != nil {
		t.Fatal(started.err)
	}
	return started.server
}

// program is the server's own script; the one in the path becomes another user.
const program = "/usr/lib/rabbitmq/bin/rabbitmq-server"

func (s *server) start(t testing.TB) error {
	dir, err := os.MkdirTemp("", "rabbitmq")
	if err != nil {
		return err
	}
	s.stop = append(s.stop, func() { _ = os.RemoveAll(dir) })
	s.home = dir
	if err := s.certificates(dir); err != nil {
		return err
	}
	port := func() string { return fmt.Sprint(protocoltest.Port(t)) }
	a, as, h, hs, dist := port(), port(), port(), port(), port()
	s.epmd = port()
	s.amqp, s.amqps, s.http, s.https = "127.0.0.1:"+a, "127.0.0.1:"+as, "127.0.0.1:"+h, "127.0.0.1:"+hs
	config := strings.NewReplacer("DIR", dir, "AMQPS", s.amqps, "AMQP", s.amqp, "HTTPS", hs, "HTTP", h, "PASSWORD", password).Replace(`
listeners.tcp.default = AMQP
listeners.ssl.default = AMQPS
management.tcp.ip = 127.0.0.1
management.tcp.port = HTTP
management.ssl.ip = 127.0.0.1
management.ssl.port = HTTPS
management.ssl.cacertfile = DIR/ca.pem
management.ssl.certfile = DIR/server.pem
management.ssl.keyfile = DIR/server.key
ssl_options.cacertfile = DIR/ca.pem
ssl_options.certfile = DIR/server.pem
ssl_options.keyfile = DIR/server.key
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = false
ssl_cert_login_from = common_name
auth_mechanisms.1 = PLAIN
auth_mechanisms.2 = AMQPLAIN
auth_mechanisms.3 = EXTERNAL
collect_statistics_interval = 500
management.sample_retention_policies.global.minute = 1
management.sample_retention_policies.basic.minute = 1
management.sample_retention_policies.detailed.10 = 1
default_user = kscope
default_pass = PASSWORD
loopback_users = none
`)
	for name, text := range map[string]string{"rabbitmq.conf": config, "plugins": "[rabbitmq_management,rabbitmq_auth_mechanism_ssl]."} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	env := append(os.Environ(), "HOME="+dir, "ERL_EPMD_PORT="+s.epmd, "ERL_EPMD_ADDRESS=127.0.0.1", "RABBITMQ_CONF_ENV_FILE="+dir+"/none", "RABBITMQ_NODENAME=kscope@localhost",
		"RABBITMQ_MNESIA_BASE="+dir+"/data", "RABBITMQ_LOG_BASE="+dir, "RABBITMQ_LOGS=-", "RABBITMQ_CONFIG_FILE="+dir+"/rabbitmq.conf", "RABBITMQ_ENABLED_PLUGINS_FILE="+dir+"/plugins",
		"RABBITMQ_DIST_PORT="+dist, "RABBITMQ_ALLOW_INPUT=1", "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-start_epmd false -noinput") // so that the script becomes the server, and starts nothing that outlives it
	if _, err := s.run(env, "epmd", "-address", "127.0.0.1", "-port", s.epmd); err != nil {
		return err
	}
	ended, err := s.run(env, program)
	if err != nil {
		return err
	}
	for _, at := range []string{s.http, s.https, s.amqps, s.amqp} {
		protocoltest.Await(t, at, ended, func() string { return "RabbitMQ" })
	}
	return s.populate()
}

// run starts a program that is killed behind the last test, and also where the tests end
// in another way: it does not outlive its standard input.
func (s *server) run(env []string, name string, args ...string) (ended chan struct{}, err error) {
	cmd := exec.Command("sh", append([]string{"-c", `"$@" </dev/null & cat; kill -9 $!; wait`, "sh", name}, args...)...)
	cmd.Env, cmd.Dir = env, s.home
	hold, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ended = make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	s.stop = append([]func(){func() {
		_ = hold.Close()
		<-ended
	}}, s.stop...)
	return ended, nil
}

// populate makes virtual hosts and users.
func (s *server) populate() error {
	all := `{"configure":".*","write":".*","read":".*"}`
	for _, step := range [][2]string{
		{"vhosts/shop", ""}, {"vhosts/closed", ""}, {"permissions/shop/kscope", all}, {"permissions/%2F/kscope", all},
		{"users/plain", `{"password":"plainword","tags":""}`}, {"permissions/shop/plain", all},
		{"users/reader", `{"password":"readword","tags":"management"}`}, {"permissions/shop/reader", `{"configure":"","write":"","read":".*"}`},
		{"users/client", `{"password_hash":"","tags":""}`}, {"permissions/shop/client", all},
	} {
		if _, err := s.api(http.MethodPut, step[0], step[1]); err != nil {
			return err
		}
	}
	return nil
}

// api asks the management API as user kscope.
func (s *server) api(method, path, body string) (string, error) {
	req, err := http.NewRequestWithContext(context.Background(), method, "http://"+s.http+"/api/"+path, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	req.SetBasicAuth("kscope", password)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %s %s", method, path, resp.Status, b)
	}
	return string(b), err
}

// queue declares one in the virtual host shop, until the test ends.
func (s *server) queue(t testing.TB, name, arguments string) {
	t.Helper()
	path := "queues/shop/" + url.PathEscape(name)
	if _, err := s.api(http.MethodPut, path, `{"durable":true,"arguments":{`+arguments+`}}`); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = s.api(http.MethodDelete, path, "") })
}

// channel is one of a client other than kscope's, in the virtual host shop.
func (s *server) channel(t testing.TB) *amqp.Channel {
	t.Helper()
	conn, err := amqp.Dial("amqp://kscope:" + url.QueryEscape(password) + "@" + s.amqp + "/shop")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	ch, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	return ch
}

// take takes messages, as a worker does.
func (s *server) take(t testing.TB, queue string, n int) (jobs []string) {
	t.Helper()
	ch := s.channel(t)
	for range n {
		d, ok, err := ch.Get(queue, true)
		if err != nil || !ok {
			t.Fatalf("after %d jobs: %v", len(jobs), err)
		}
		if !json.Valid(d.Body) || d.MessageId == "" || d.Timestamp.IsZero() || d.DeliveryMode != amqp.Persistent || d.Headers["kscope"] == "" || d.ContentType != "application/json" {
			t.Fatalf("a message is %+v", d)
		}
		jobs = append(jobs, string(d.Body))
	}
	return jobs
}

// erlang has the server call a function.
func (s *server) erlang(t testing.TB, call string) {
	t.Helper()
	cookie, err := os.ReadFile(filepath.Join(s.home, ".erlang.cookie"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.Background(), "erl_call", "-sname", "kscope-test", "-n", "kscope@localhost", "-c", string(cookie), "-a", call)
	cmd.Env = append(os.Environ(), "ERL_EPMD_PORT="+s.epmd, "HOME="+s.home)
	if out, err := cmd.CombinedOutput(); err != nil || !bytes.HasPrefix(out, []byte("ok")) {
		t.Fatalf("%s: %v %s", call, err, out)
	}
}
