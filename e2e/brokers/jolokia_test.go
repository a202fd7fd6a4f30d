package brokers

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// jolokia is a fake of the agent in the console of Artemis or ActiveMQ, with one queue.
type jolokia struct {
	password, path   string
	broker, queue    string // names of MBeans
	version, counter string // attributes of these
	send             string // the operation that puts a message in

	mu sync.Mutex
	n  int
}

// jolokiaRequest is one, as it stands in what is posted.
type jolokiaRequest struct {
	Type, MBean, Operation string
	Attribute              any // a name, or several
}

func (j *jolokia) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if user, word, _ := r.BasicAuth(); user != "keda" || word != j.password {
		http.Error(w, "<html>Unauthorized</html>", http.StatusUnauthorized)
		return
	}
	var answer any
	if rest, ok := strings.CutPrefix(r.URL.Path, j.path+"/read/"); ok { // as KEDA asks
		bean, attribute, _ := strings.Cut(rest, "/")
		answer = j.answer(jolokiaRequest{Type: "read", MBean: bean, Attribute: attribute})
	} else { // as kscope does
		var asked []jolokiaRequest
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || r.URL.Path != j.path {
			http.NotFound(w, r)
			return
		}
		all := []any{}
		for _, one := range asked {
			all = append(all, j.answer(one))
		}
		answer = all
	}
	_ = json.NewEncoder(w).Encode(answer) // or who asked has left
}

func (j *jolokia) answer(asked jolokiaRequest) map[string]any {
	values := map[string]any{j.counter: j.n}
	switch {
	case asked.Type == "exec" && asked.MBean == j.queue && strings.HasPrefix(asked.Operation, j.send+"("):
		j.n++
		return map[string]any{"status": http.StatusOK, "value": fmt.Sprint(j.n)}
	case asked.Type == "read" && asked.MBean == j.broker:
		values = map[string]any{j.version: "2.31.2"}
	case asked.Type != "read" || asked.MBean != j.queue:
		return map[string]any{"status": http.StatusNotFound, "error": "javax.management.InstanceNotFoundException : " + asked.MBean}
	}
	names, several := asked.Attribute.([]any)
	if !several {
		return map[string]any{"status": http.StatusOK, "value": values[fmt.Sprint(asked.Attribute)]}
	}
	out := map[string]any{}
	for _, name := range names {
		if out[fmt.Sprint(name)] = values[fmt.Sprint(name)]; out[fmt.Sprint(name)] == nil {
			out[fmt.Sprint(name)] = "ERROR: javax.management.AttributeNotFoundException: No such attribute"
		}
	}
	return map[string]any{"status": http.StatusOK, "value": out}
}

// serve is the story of a fake.
func (j *jolokia) serve(t *testing.T, typ string, metadata map[string]string) *server {
	s := httptest.NewServer(j)
	t.Cleanup(s.Close)
	j.password = "hunter2-" + typ
	metadata["managementEndpoint"] = strings.TrimPrefix(s.URL, "http://")
	return &server{
		typ:      typ,
		metadata: metadata,
		secret:   map[string]string{"username": "keda", "password": j.password},
		take: func(n int) error {
			j.mu.Lock()
			defer j.mu.Unlock()
			if j.n < n {
				return fmt.Errorf("there are %d of %d", j.n, n)
			}
			j.n -= n
			return nil
		},
	}
}

func startArtemis(t *testing.T) *server {
	const broker = `org.apache.activemq.artemis:broker="shop"`
	j := &jolokia{
		path: "/console/jolokia", broker: broker, version: "Version", counter: "MessageCount", send: "sendMessage",
		queue: broker + `,component=addresses,address="orders",subcomponent=queues,routing-type="anycast",queue="orders"`,
	}
	return j.serve(t, "artemis-queue", map[string]string{
		"brokerName": "shop", "brokerAddress": "orders", "queueName": "orders", "queueLength": "5", "activationQueueLength": "0",
	})
}

func startActiveMQ(t *testing.T) *server {
	const broker = "org.apache.activemq:type=Broker,brokerName=shop"
	j := &jolokia{
		path: "/api/jolokia", broker: broker, version: "BrokerVersion", counter: "QueueSize", send: "sendTextMessage",
		queue: broker + ",destinationType=Queue,destinationName=orders",
	}
	return j.serve(t, "activemq", map[string]string{"brokerName": "shop", "destinationName": "orders", "targetQueueSize": "5"})
}
