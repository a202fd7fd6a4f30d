package jolokia

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// fake is a broker behind a Jolokia agent, with answers as real ones give them: 200 is
// the status of HTTP whatever that of the answer is.
type fake struct {
	kind    *kind
	broker  string // its name, as it stands in the names of MBeans
	noPosts bool   // jolokia-access.xml lets GET in only
	origin  string // that it lets in; "" for any

	mu     sync.Mutex
	queues map[string]*queue // by the name of their MBeans
	posts  int               // that were asked for
	gets   int
}

type queue struct {
	jobs                          []string
	headers                       []any
	delivering, scheduled, taking int
	full                          bool // it takes none
}

const user, password = "keda", "a $ecret"

func newFake(k *kind, broker string) *fake {
	return &fake{kind: k, broker: broker, queues: map[string]*queue{}}
}

// add adds a queue by the rest of its name.
func (f *fake) add(rest string) *queue {
	q := &queue{}
	f.queues[f.kind.domain+":"+f.of()+","+rest] = q
	return q
}

// of is the key properties of the broker.
func (f *fake) of() string {
	if f.kind == &classic {
		return "type=Broker,brokerName=" + f.broker
	}
	return "broker=" + f.broker
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if u, p, _ := r.BasicAuth(); u != user || p != password {
		w.Header().Set("WWW-Authenticate", `Basic realm="console"`)
		http.Error(w, "<html>Unauthorized</html>", http.StatusUnauthorized)
		return
	}
	path, ok := strings.CutPrefix(r.URL.Path, "/jolokia")
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	say := func(v any) { _ = json.NewEncoder(w).Encode(v) }
	if f.origin != "" && r.Header.Get("Origin") != f.origin {
		say(refusal(403, "java.lang.SecurityException", "Origin "+r.Header.Get("Origin")+" is not allowed to call this agent"))
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.Method == http.MethodPost {
		f.posts++
		if f.noPosts {
			say(refusal(403, "java.lang.SecurityException", "HTTP method POST is not allowed according to the installed security policy"))
			return
		}
		var asked []map[string]any
		body, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(body, &asked); err != nil {
			say(refusal(400, "java.lang.IllegalArgumentException", "no array"))
			return
		}
		answers := []map[string]any{}
		for _, a := range asked {
			answers = append(answers, f.answer(a))
		}
		say(answers)
		return
	}
	f.gets++
	parts := split(strings.TrimPrefix(path, "/"))
	asked := map[string]any{"type": parts[0], "mbean": parts[1]}
	if len(parts) > 2 {
		if names := strings.Split(parts[2], ","); len(names) == 1 {
			asked["attribute"] = names[0]
		} else {
			asked["attribute"] = anys(names)
		}
	}
	asked["config"] = map[string]any{"ignoreErrors": r.URL.Query().Get("ignoreErrors") == "true"}
	say(f.answer(asked))
}

func anys(texts []string) (out []any) {
	for _, text := range texts {
		out = append(out, text)
	}
	return out
}

func refusal(status int, class, text string) map[string]any {
	return map[string]any{"error_type": class, "error": class + " : " + text, "status": status, "stacktrace": class + ": " + text + "\n\tat org.jolokia..."}
}

func (f *fake) answer(asked map[string]any) map[string]any {
	name, _ := asked["mbean"].(string)
	fine := func(value any) map[string]any {
		return map[string]any{"request": asked, "value": value, "timestamp": 1700000000, "status": 200}
	}
	switch asked["type"] {
	case "search":
		return fine(f.search(name))
	case "read":
		if name == f.kind.domain+":"+f.of() {
			return fine(map[string]any{f.kind.version: "2.31.2", "Uptime": "1 hour"})
		}
	}
	q := f.queues[name]
	switch {
	case q == nil:
		return refusal(404, "javax.management.InstanceNotFoundException", name)
	case strings.Contains(name, "forbidden"):
		return refusal(403, "java.lang.SecurityException", "ARTEMIS: User does not have the required role")
	case asked["type"] == "exec":
		value, err := q.do(f.kind, asked["operation"].(string), asked["arguments"])
		if err != nil {
			return refusal(500, "java.lang.IllegalStateException", err.Error())
		}
		return fine(value)
	}
	values := map[string]any{f.kind.count: len(q.jobs), f.kind.delivering: q.delivering, f.kind.consumers: q.taking, "MessagesAdded": 77, "Name": "orders"}
	if f.kind.scheduled != "" {
		values[f.kind.scheduled] = q.scheduled
	}
	if one, ok := asked["attribute"].(string); ok {
		if values[one] == nil {
			return refusal(404, "javax.management.AttributeNotFoundException", "No such attribute: "+one)
		}
		return fine(values[one])
	}
	out := map[string]any{}
	for _, a := range asked["attribute"].([]any) {
		if out[a.(string)] = values[a.(string)]; values[a.(string)] == nil {
			out[a.(string)] = "ERROR: javax.management.AttributeNotFoundException: No such attribute: " + a.(string)
		}
	}
	return fine(out)
}

// search finds MBeans, by a pattern of the kind that is used here.
func (f *fake) search(pattern string) []string {
	out := []string{}
	all := []string{f.kind.domain + ":" + f.of()}
	for name := range f.queues {
		all = append(all, name)
	}
	pattern = strings.TrimPrefix(pattern, f.kind.domain+":")
	for _, name := range all {
		rest := strings.TrimPrefix(name, f.kind.domain+":")
		key, value, _ := strings.Cut(strings.TrimPrefix(strings.TrimSuffix(pattern, ",*"), "type=Broker,"), "=")
		if strings.HasSuffix(pattern, ",*") && propertyOf(name, key) == value || pattern == f.kind.broker+"=*" && !strings.Contains(rest, ",") || strings.HasPrefix(pattern, "type=Broker,") && strings.Count(rest, ",") == 1 {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

func (q *queue) do(k *kind, operation string, arguments any) (any, error) {
	all, _ := arguments.([]any)
	switch {
	case operation == "removeAllMessages()" && k == &artemis:
		n := len(q.jobs)
		q.jobs = nil
		return n, nil
	case operation == "sendMessage(java.util.Map,int,java.lang.String,boolean,java.lang.String,java.lang.String)" && k == &artemis && len(all) == 6:
		if q.full {
			return nil, fmt.Errorf("AMQ229102: Address orders is full")
		}
		if all[1] != 3.0 || all[3] != true || all[4] != user || all[5] != password {
			return nil, fmt.Errorf("AMQ229031: Unable to validate user")
		}
		q.jobs, q.headers = append(q.jobs, all[2].(string)), append(q.headers, all[0])
	case operation == "sendTextMessage(java.util.Map,java.lang.String,java.lang.String,java.lang.String)" && k == &classic && len(all) == 4:
		if all[2] != user || all[3] != password {
			return nil, fmt.Errorf("User name [%v] or password is invalid.", all[2])
		}
		q.jobs, q.headers = append(q.jobs, all[1].(string)), append(q.headers, all[0])
	default:
		return nil, fmt.Errorf("No operation %s found", operation)
	}
	return strconv.Itoa(len(q.jobs)), nil
}

// take takes up to n jobs, as a consumer does.
func (f *fake) take(q *queue, n int) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	n = min(n, len(q.jobs))
	out := q.jobs[:n]
	q.jobs = q.jobs[n:]
	return out
}

func hostOf(address string) string {
	u, _ := url.Parse(address)
	return u.Host
}
