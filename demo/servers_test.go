package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	corev1 "k8s.io/api/core/v1"

	"github.com/kscope/kscope/sources/protocol/protocoltest"
)

// queued is what waits at a broker and what is with a worker, as KEDA counts them, together.
type queued func() int

// plays is what the worker of every broker does: it takes the oldest first, counts for KEDA until it
// has finished, and is done with the job in hand when it is told to stop. push puts jobs in, start
// runs a worker that takes so many seconds for each.
func plays(t *testing.T, push func(jobs ...string), count queued, start func(ready, seconds string) *worker) {
	t.Helper()
	is := func(n int) func() bool { return func() bool { return count() == n } }
	eventually(t, "an empty queue", is(0))
	push("one", "two words", "three\nlines\nü")
	eventually(t, "three jobs wait", is(3))

	w := start(filepath.Join(t.TempDir(), "ready"), "0.01")
	eventually(t, "the worker is ready", w.isReady)
	eventually(t, "three jobs are done", func() bool { return len(w.done()) == 3 })
	got := w.done()
	slices.Sort(got) // partitions have no order among each other
	if diff := cmp.Diff([]string{"done in 0.01 s: one", "done in 0.01 s: three lines ü", "done in 0.01 s: two words"}, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	push("late")
	eventually(t, "a job that comes while the worker waits is done", func() bool { return len(w.done()) == 4 })
	eventually(t, "nothing is left", is(0))
	w.terminate(t)
	w.exit(t)

	push("in hand", "left")
	eventually(t, "two jobs wait", is(2))
	slow := start(filepath.Join(t.TempDir(), "ready"), "2")
	eventually(t, "the worker has begun", func() bool { return slow.says("begun: ") })
	if n := count(); n != 2 {
		t.Errorf("with one of two jobs in hand %d count", n)
	}
	slow.terminate(t)
	slow.exit(t)
	if got := len(slow.done()); got != 1 {
		t.Errorf("%d jobs done by a worker that was told to stop with one in hand, want 1", got)
	}
	eventually(t, "the other job waits", is(1))
}

// asked is the answer of a server in JSON.
func asked(t *testing.T, url, user, password string, into any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(user, password)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", url, resp.Status, err)
	}
}

// container is one of the pod of a demo's broker.
func container(t *testing.T, d Demo, name string) corev1.Container {
	t.Helper()
	for _, c := range deployments(t, d)[1].Spec.Template.Spec.Containers {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("%s has no container %s", d.server, name)
	return corev1.Container{}
}

// The server runs with the manifest's arguments and has the stream and the consumer that the
// container beside it makes, by BusyBox, as in the image.
func TestNATS(t *testing.T) {
	t.Parallel()
	d := of(t, "nats")
	client, monitor := protocoltest.Port(t), protocoltest.Port(t)
	dir := t.TempDir()
	here := strings.NewReplacer("4222", fmt.Sprint(client), "8222", fmt.Sprint(monitor), "/data", dir, "/run/made", dir)
	server := container(t, d, "nats")
	var args []string
	for _, arg := range server.Args {
		args = append(args, here.Replace(arg))
	}
	protocoltest.Start(t, protocoltest.Loopback(client), server.Command[0], append(args, "--addr", "127.0.0.1")...)

	ready := filepath.Join(dir, "ready")
	sidecar := exec.CommandContext(t.Context(), program(t, "busybox"), "sh", "-c", here.Replace(container(t, d, "stream").Args[0]))
	bin := t.TempDir()
	for _, name := range []string{"sh", "nc", "timeout", "grep", "sleep", "touch", "rm"} {
		if err := os.Symlink(program(t, "busybox"), filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	sidecar.Env = []string{"PATH=" + bin}
	if err := sidecar.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the stream is made", func() bool { _, err := os.Stat(ready); return err == nil })

	count := func() int {
		var all struct {
			Accounts []struct {
				Streams []struct {
					Name      string
					Consumers []struct {
						Name    string
						Pending int `json:"num_pending"`
						Unacked int `json:"num_ack_pending"`
					} `json:"consumer_detail"`
				} `json:"stream_detail"`
			} `json:"account_details"`
		}
		asked(t, fmt.Sprintf("http://127.0.0.1:%d/jsz?acc=$G&consumers=true", monitor), "", "", &all)
		c := all.Accounts[0].Streams[0].Consumers[0]
		return c.Pending + c.Unacked
	}
	push := func(jobs ...string) {
		conn, err := net.Dial("tcp", protocoltest.Loopback(client))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		for _, job := range jobs {
			fmt.Fprintf(conn, "PUB orders %d\r\n%s\r\n", len(job), job)
		}
		fmt.Fprint(conn, "PING\r\n")
		for said := ""; !strings.Contains(said, "PONG"); {
			part := make([]byte, 4096)
			n, err := conn.Read(part)
			if err != nil {
				t.Fatal(err)
			}
			said += string(part[:n])
		}
	}
	plays(t, push, count, func(ready, seconds string) *worker {
		return startProgram(t, d, "python3", map[string]string{
			"NATS_HOST": "127.0.0.1", "NATS_CLIENT_PORT": fmt.Sprint(client), "READY_FILE": ready, "JOB_SECONDS": seconds,
		})
	})
	if err := sidecar.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := sidecar.Wait(); err != nil {
		t.Errorf("the container that makes the stream ends with %v", err)
	}
}

// The server runs with the manifest's plugins, settings and definitions.
func TestRabbitMQ(t *testing.T) {
	t.Parallel()
	d := of(t, "rabbitmq")
	settings := typed[corev1.ConfigMap](t, d, "ConfigMap", "rabbitmq").Data
	secret := typed[corev1.Secret](t, d, "Secret", "rabbitmq").StringData
	amqp, api, stomp, epmd, dist := protocoltest.Port(t), protocoltest.Port(t), protocoltest.Port(t), protocoltest.Port(t), protocoltest.Port(t)
	dir := t.TempDir()
	for name, text := range map[string]string{
		"definitions.json": secret["definitions.json"],
		"plugins":          settings["enabled_plugins"],
		"rabbitmq.conf": strings.ReplaceAll(settings["demo.conf"], "/etc/rabbitmq/demo/", dir+"/") + fmt.Sprintf(
			"listeners.tcp.default = 127.0.0.1:%d\nmanagement.tcp.ip = 127.0.0.1\nmanagement.tcp.port = %d\nstomp.listeners.tcp.default = 127.0.0.1:%d\n", amqp, api, stomp),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	protocoltest.Start(t, protocoltest.Loopback(epmd), "epmd", "-address", "127.0.0.1", "-port", fmt.Sprint(epmd))
	protocoltest.Start(t, protocoltest.Loopback(amqp), "env", "HOME="+dir, fmt.Sprint("ERL_EPMD_PORT=", epmd), "ERL_EPMD_ADDRESS=127.0.0.1",
		"RABBITMQ_CONF_ENV_FILE="+dir+"/none", "RABBITMQ_NODENAME=demo@localhost", "RABBITMQ_MNESIA_BASE="+dir+"/data", "RABBITMQ_LOG_BASE="+dir, "RABBITMQ_LOGS=-",
		"RABBITMQ_CONFIG_FILE="+dir+"/rabbitmq.conf", "RABBITMQ_ENABLED_PLUGINS_FILE="+dir+"/plugins", fmt.Sprint("RABBITMQ_DIST_PORT=", dist),
		"RABBITMQ_ALLOW_INPUT=1", "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-start_epmd false -noinput", // so that the script becomes the server
		"/usr/lib/rabbitmq/bin/rabbitmq-server")

	at := fmt.Sprintf("http://127.0.0.1:%d/api/", api)
	call := func(method, path, body string) (string, int) {
		req, err := http.NewRequestWithContext(t.Context(), method, at+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth(secret["username"], secret["password"])
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		return string(text), resp.StatusCode
	}
	count := func() int {
		var q struct{ Messages *int }
		asked(t, at+"queues/%2F/orders", secret["username"], secret["password"], &q)
		if q.Messages == nil { // it has not been counted yet
			return -1
		}
		return *q.Messages
	}
	push := func(jobs ...string) {
		for _, job := range jobs {
			body := fmt.Sprintf(`{"properties":{},"routing_key":"orders","payload":%q,"payload_encoding":"string"}`, job)
			if said, code := call(http.MethodPost, "exchanges/%2F/amq.default/publish", body); code != http.StatusOK || said != `{"routed":true}` {
				t.Fatalf("publish: %d %s", code, said)
			}
		}
	}
	if said, code := call(http.MethodPut, "queues/%2F/another", `{}`); code < 400 {
		t.Errorf("the demo's user may declare a queue: %d %s", code, said)
	}
	login := map[string]string{"RABBITMQ_HOST": "127.0.0.1", "RABBITMQ_STOMP_PORT": fmt.Sprint(stomp), "RABBITMQ_USERNAME": secret["username"], "RABBITMQ_PASSWORD": secret["password"]}
	plays(t, push, count, func(ready, seconds string) *worker {
		login["READY_FILE"], login["JOB_SECONDS"] = ready, seconds
		return startProgram(t, d, "python3", login)
	})
	login["RABBITMQ_PASSWORD"] = "another"
	w := startProgram(t, d, "python3", login)
	eventually(t, "a worker with a wrong password says so", w.complained)
	if w.isReady() {
		t.Error("ready with a wrong password")
	}
}

// A stand-in for Kafka, with the library that the pod fetches in the version that the system has.
func TestKafka(t *testing.T) {
	t.Parallel()
	d := of(t, "kafka")
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(10, "orders"), kfake.GroupMinSessionTimeout(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	client, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.RecordPartitioner(kgo.RoundRobinPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	admin := kadm.NewClient(client)
	commits := kadm.Offsets{}
	for partition := range int32(10) {
		commits.AddOffset("orders", partition, 0, -1)
	}
	if err := admin.CommitAllOffsets(t.Context(), "workers", commits); err != nil { // as the container beside Kafka does
		t.Fatal(err)
	}
	count := func() int {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		ends, err := admin.ListEndOffsets(ctx, "orders")
		if err != nil {
			t.Fatal(err)
		}
		done, err := admin.FetchOffsets(ctx, "workers")
		if err != nil {
			t.Fatal(err)
		}
		lag := 0
		ends.Each(func(end kadm.ListedOffset) {
			if at, ok := done.Lookup("orders", end.Partition); ok {
				lag += int(end.Offset - at.At)
			}
		})
		return lag
	}
	push := func(jobs ...string) {
		for _, job := range jobs {
			if err := client.ProduceSync(t.Context(), &kgo.Record{Topic: "orders", Value: []byte(job)}).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
	}
	plays(t, push, count, func(ready, seconds string) *worker {
		return startProgram(t, d, "/usr/bin/python3", map[string]string{"BROKERS": cluster.ListenAddrs()[0], "READY_FILE": ready, "JOB_SECONDS": seconds})
	})
}

// The application does a few requests at a time, and all that it has taken before it stops.
func TestHTTP(t *testing.T) {
	t.Parallel()
	port := strconv.Itoa(protocoltest.Port(t))
	w := startProgram(t, of(t, "http"), "python3", map[string]string{"PORT": port, "WORKERS": "2", "JOB_SECONDS": "0.5"})
	protocoltest.Await(t, "127.0.0.1:"+port, w.ended, func() string { return "the application" })
	type answer struct {
		code int
		err  error
	}
	answers := make(chan answer)
	start := time.Now()
	for range 4 {
		go func() {
			resp, err := http.Post("http://127.0.0.1:"+port+"/orders", "text/plain", strings.NewReader("job"))
			if err != nil {
				answers <- answer{0, err}
				return
			}
			resp.Body.Close()
			answers <- answer{resp.StatusCode, nil}
		}()
	}
	first := <-answers
	if resp, err := http.Get("http://127.0.0.1:" + port + "/healthz"); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("busy, it answers its probe with %v, %v", resp, err)
	}
	w.terminate(t)
	for _, a := range []answer{first, <-answers, <-answers, <-answers} {
		if a.code != http.StatusOK || a.err != nil {
			t.Errorf("answered %d, %v", a.code, a.err)
		}
	}
	if took := time.Since(start); took < time.Second {
		t.Errorf("four requests, two at a time, took %s, want 1 s", took)
	}
	w.exit(t)
	if got := len(w.done()); got != 4 {
		t.Errorf("%d requests in its log, want 4: %q", got, w.done())
	}
}
