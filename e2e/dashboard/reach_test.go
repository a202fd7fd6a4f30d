package dashboard_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/kscope/kscope/e2e/cluster"
	"github.com/kscope/kscope/e2e/screen"
)

// insideManifest is Redis as a cluster has it: pods behind a Service. The pods
// are pretended, and whatever is forwarded to port 6379 of one ends at the real
// Redis, as long as the pod is there.
const insideManifest = `
apiVersion: v1
kind: Service
metadata: {name: redis}
spec:
  selector: {app: redis}
  ports: [{name: redis, port: 6379, targetPort: redis}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: redis}
spec:
  replicas: 2
  selector: {matchLabels: {app: redis}}
  template:
    metadata: {labels: {app: redis}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: redis
        image: redis
        ports: [{name: redis, containerPort: 6379}]
`

// inside puts Redis into a namespace and gives its address there, which means
// nothing outside. KEDA, a process of this machine, does not know it either, and
// while it tries to connect no other ScaledObject is scaled: so those with such
// an address are paused, which keeps KEDA from trying.
func inside(t *testing.T, ns string) (address string) {
	t.Helper()
	if err := c.ApplyYAML(t.Context(), ns, insideManifest); err != nil {
		t.Fatal(err)
	}
	waitForReplicas(t, ns, "redis", 2)
	waitFor(t, patience, "endpoints of Redis", func(ctx context.Context) error {
		slices, err := c.Client.DiscoveryV1().EndpointSlices(ns).List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		ready := 0
		for _, s := range slices.Items {
			for _, e := range s.Endpoints {
				if e.Conditions.Ready != nil && *e.Conditions.Ready {
					ready++
				}
			}
		}
		if ready != 2 {
			return fmt.Errorf("%d of 2 are ready", ready)
		}
		return nil
	})
	return "redis." + ns + ".svc.cluster.local:6379"
}

// card reads the connection card, by its labels; nil where it is not open.
func card(text string) map[string]string {
	const labels = 12 // columns
	var out map[string]string
	from, to, label := 0, 0, ""
	for _, line := range strings.Split(text, "\n") {
		row := []rune(line)
		switch {
		case strings.Contains(line, " How the queue is reached "):
			from, to = slices.Index(row, '╭'), slices.Index(row, '╮')
			out = map[string]string{}
		case out == nil || len(row) <= to || row[from] != '│' || strings.TrimSpace(string(row[from+1:to])) == "":
		case strings.TrimSpace(string(row[from+2:from+2+labels])) != "":
			label = strings.TrimSpace(string(row[from+2 : from+2+labels]))
			out[label] = strings.TrimSpace(string(row[from+2+labels : to]))
		default: // what did not fit into the line before
			out[label] += " " + strings.TrimSpace(string(row[from+2+labels:to]))
		}
	}
	return out
}

var throughPod = regexp.MustCompile(`by a port-forward to pod (\S+?)/(redis-[a-z0-9-]+)`)

// numbers collects what the chain says of the queue until it is stopped.
func numbers(t *testing.T, s *screen.Screen) (stop func() []string) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan []string)
	go func() {
		var seen []string
		for ctx.Err() == nil {
			if l, ok := chain(s.Text()); ok && !slices.Contains(seen, l.queue) {
				seen = append(seen, l.queue)
			}
			time.Sleep(20 * time.Millisecond) // between two looks
		}
		done <- seen
	}()
	return func() []string { cancel(); return <-done }
}

// TestTunnel reads a queue that only the cluster reaches, puts jobs into it,
// and goes on through another pod when the one in use is gone.
func TestTunnel(t *testing.T) {
	t.Parallel()
	ns := newNamespace(t, "tunnel")
	w := scaledWorker{namespace: ns, address: inside(t, ns), database: 7, annotations: `{"kscope.dev/inject": "allow", "autoscaling.keda.sh/paused": "true"}`}
	w.apply(t)
	// A client of its own: a connection that goes back into the pool of queues
	// stays in the database that was selected on it.
	in7 := redis.NewClient(&redis.Options{Addr: c.RedisAddr, DB: 7})
	t.Cleanup(func() {
		in7.Del(context.Background(), w.list)
		_ = in7.Close()
	})
	if err := in7.LPush(t.Context(), w.list, 1, 2, 3, 4, 5, 6, 7).Err(); err != nil {
		t.Fatal(err)
	}

	s := kscope(t, screen.Options{Cols: 120, Rows: 35, Env: []string{"NO_COLOR=1"}}, "-n", ns)
	s.WaitFor(patience, "length of the queue", queueIs("7"))
	stop := numbers(t, s)
	s.Press("C")
	text := s.WaitFor(patience, "connection card", has("How the queue is reached", "by a port-forward to pod "+ns+"/redis-", "round trip"))
	for label, want := range map[string]string{
		"queue": w.list + ", a list", "address": w.address, "database": "7", "TLS": "none", "credentials": "none", "last error": "none",
	} {
		if got := card(text)[label]; got != want {
			t.Errorf("the card says %s %q, want %q", label, got, want)
		}
	}
	if !strings.HasPrefix(card(text)["server"], "Redis ") {
		t.Errorf("the card names the server %q", card(text)["server"])
	}
	first := throughPod.FindStringSubmatch(text)[2]
	zero := int64(0)
	if err := c.Client.CoreV1().Pods(ns).Delete(t.Context(), first, metav1.DeleteOptions{GracePeriodSeconds: &zero}); err != nil {
		t.Fatal(err)
	}
	hangUp(t, 7) // a real pod takes its connections with it, a pretended one does not
	text = s.WaitFor(patience, "another pod", func(text string) bool {
		m := throughPod.FindStringSubmatch(text)
		return m != nil && m[2] != first && strings.Contains(text, "round trip")
	})
	t.Logf("\n%s", text)
	s.Press("esc")
	s.WaitFor(patience, "the same length", both(queueIs("7"), lacks("How the queue")))
	if seen := stop(); slices.ContainsFunc(seen, func(n string) bool { return n != "7" && n != "?" }) {
		t.Errorf("the queue was said to hold %q", seen)
	}

	s.Press("i")
	s.WaitFor(patience, "ten more", queueIs("17"))
	if n, err := in7.LLen(t.Context(), w.list).Result(); n != 17 || err != nil {
		t.Errorf("the queue is %d long, %v", n, err)
	}
}

// hangUp cuts the connections of kscope to a database.
func hangUp(t *testing.T, db int) {
	t.Helper()
	all, err := queues.ClientList(t.Context()).Result()
	if err != nil {
		t.Fatal(err)
	}
	cut := 0
	for _, line := range strings.Split(all, "\n") {
		fields := strings.Fields(line)
		if !slices.Contains(fields, "name=kscope") || !slices.Contains(fields, fmt.Sprintf("db=%d", db)) {
			continue
		}
		id := strings.TrimPrefix(fields[0], "id=")
		if err := queues.Do(t.Context(), "client", "kill", "id", id).Err(); err != nil {
			t.Fatal(err)
		}
		cut++
	}
	if cut == 0 {
		t.Fatalf("kscope has no connection to database %d:\n%s", db, all)
	}
}

// TestTunnelAndTheAPIServer kills the API server, which the tunnel goes
// through. The queue is unknown then and never another number, and known again
// afterwards. It stops a server that all tests share, so it is not parallel.
func TestTunnelAndTheAPIServer(t *testing.T) {
	ns := newNamespace(t, "tunnel-api")
	w := scaledWorker{namespace: ns, address: inside(t, ns), annotations: `{"autoscaling.keda.sh/paused": "true"}`}
	w.apply(t)
	push(t, w.list, 4)
	s := kscope(t, screen.Options{}, "-n", ns)
	s.WaitFor(patience, "length of the queue", queueIs("4"))
	stop := numbers(t, s)
	t.Cleanup(func() { startAgain(t, cluster.APIServer) })
	if err := c.StopAPIServer(); err != nil {
		t.Fatal(err)
	}
	s.WaitFor(within, "words for a queue that is out of reach", both(has("PARTLY BLIND"), queueIs("?")))
	push(t, w.list, 1)
	if err := c.StartAPIServer(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.WaitFor(patience, "the length that it has now", both(queueIs("5"), lacks("PARTLY BLIND")))
	if seen := stop(); slices.ContainsFunc(seen, func(n string) bool { return n != "4" && n != "5" && n != "?" }) {
		t.Errorf("the queue was said to hold %q", seen)
	}
}

// TestTunnelToANodeThatHangs halts what plays the nodes: the way is there, and
// nothing comes over it. It is said in time, by who was connected and by who
// comes then, and the queue is never another number. All tests share the nodes,
// so it is not parallel.
func TestTunnelToANodeThatHangs(t *testing.T) {
	ns := newNamespace(t, "tunnel-hangs")
	w := scaledWorker{namespace: ns, address: inside(t, ns), annotations: `{"autoscaling.keda.sh/paused": "true"}`}
	w.apply(t)
	push(t, w.list, 6)
	wide := screen.Options{Cols: 200, Rows: 29}
	s := kscope(t, wide, "-n", ns)
	s.WaitFor(patience, "length of the queue", queueIs("6"))
	stop := numbers(t, s)
	t.Cleanup(func() {
		if err := c.ResumeProgram(cluster.Kwok); err != nil {
			t.Error(err)
		}
	})
	if err := c.HaltProgram(cluster.Kwok); err != nil {
		t.Fatal(err)
	}
	s.WaitFor(within, "words for a queue that is out of reach", both(has("PARTLY BLIND"), queueIs("?")))
	late := kscope(t, wide, "-n", ns)
	for _, s := range []*screen.Screen{late, s} {
		s.WaitFor(within, "what hangs", both(has("PARTLY BLIND", "the port-forward to pod "+ns+"/", "dis-", "did not come about in time"), queueIs("?")))
	}
	push(t, w.list, 1)
	if err := c.ResumeProgram(cluster.Kwok); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*screen.Screen{late, s} {
		s.WaitFor(patience, "the length that it has now", both(queueIs("7"), lacks("PARTLY BLIND")))
	}
	if seen := stop(); slices.ContainsFunc(seen, func(n string) bool { return n != "6" && n != "7" && n != "?" }) {
		t.Errorf("the queue was said to hold %q", seen)
	}
}

// guardedManifest is a worker whose Redis wants a user and a password. The
// address comes from the worker's environment, the credentials from a
// TriggerAuthentication, so that every permission of the README is needed.
const guardedManifest = `
apiVersion: v1
kind: Secret
metadata: {name: redis}
stringData: {user: %[2]q, password: %[3]q}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: redis}
data: {address: %[1]q}
---
apiVersion: keda.sh/v1alpha1
kind: TriggerAuthentication
metadata: {name: redis}
spec:
  secretTargetRef:
  - {parameter: username, name: redis, key: user}
  - {parameter: password, name: redis, key: password}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: worker}
spec:
  replicas: 0
  selector: {matchLabels: {app: worker}}
  template:
    metadata: {labels: {app: worker}}
    spec:
      containers:
      - name: worker
        image: worker
        env: [{name: REDIS, valueFrom: {configMapKeyRef: {name: redis, key: address}}}]
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: worker-scaler, annotations: {autoscaling.keda.sh/paused: "true"}}
spec:
  scaleTargetRef: {name: worker}
  minReplicaCount: 0
  triggers:
  - type: redis
    metadata: {addressFromEnv: REDIS, listName: %[4]q, listLength: "5"}
    authenticationRef: {name: redis}
`

// readmeRules are the permissions that the README prints, one resource to a
// rule.
func readmeRules(t *testing.T) (rules []rbacv1.PolicyRule) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, after, ok := strings.Cut(string(text), "<!-- permissions -->\n```yaml\n")
	block, _, closed := strings.Cut(after, "```")
	var role rbacv1.ClusterRole
	if err := yaml.UnmarshalStrict([]byte(block), &role); err != nil || !ok || !closed || len(role.Rules) == 0 {
		t.Fatalf("the README prints no ClusterRole: %v", err)
	}
	for _, r := range role.Rules {
		for _, resource := range r.Resources {
			rules = append(rules, rbacv1.PolicyRule{APIGroups: r.APIGroups, Resources: []string{resource}, Verbs: r.Verbs})
		}
	}
	return rules
}

// TestReadmePermissions opens the dashboard as users who have what the README
// prints: all of it, and all but one.
func TestReadmePermissions(t *testing.T) {
	t.Parallel()
	ns := newNamespace(t, "readme")
	user, password, list := "user-"+ns, screen.Secret+"-"+ns, ns+"-jobs"
	if err := queues.Do(t.Context(), "acl", "setuser", user, "on", ">"+password, "~"+list, "+@read", "+@connection", "-eval", "-evalsha").Err(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		queues.Do(context.Background(), "acl", "deluser", user)
		queues.Del(context.Background(), list)
	})
	push(t, list, 3)
	if err := c.ApplyYAML(t.Context(), ns, fmt.Sprintf(guardedManifest, inside(t, ns), user, password, list)); err != nil {
		t.Fatal(err)
	}
	// What is missing, and what it costs: words for it, and for the queue
	// whether it is still known.
	missing := map[string]struct {
		words string
		blind bool
	}{
		"":                              {},
		"pods":                          {words: "you may not watch"},
		"events":                        {words: "you may not watch"},
		"deployments":                   {words: "you may not", blind: true}, // whose environment says where Redis is
		"statefulsets":                  {words: "you may not watch"},
		"horizontalpodautoscalers":      {words: "you may not watch"},
		"scaledjobs":                    {words: "you may not watch"},
		"jobs":                          {}, // there is no ScaledJob here
		"triggerauthentications":        {words: "you may not read TriggerAuthentication readme…/redis, ", blind: true},
		"secrets":                       {words: "you may not read Secret readme…/redis, ", blind: true},
		"configmaps":                    {words: "you may not read ConfigMap readme…/redis, ", blind: true},
		"services":                      {words: "you may not read Service readme…/redis, ", blind: true},
		"pods/portforward":              {words: "you may not port-forward to pods in namespace " + ns, blind: true},
		"endpointslices":                {}, // the pods that the Service selects do as well
		"clustertriggerauthentications": {}, // there is none here
		"leases":                        {}, // kscope asks Redis itself
		"pods/proxy":                    {},
		"interceptorroutes":             {}, // nor is there an HTTP add-on
		"httpscaledobjects":             {},
	}
	rules := readmeRules(t)
	for name, want := range missing {
		t.Run("without "+name, func(t *testing.T) {
			t.Parallel()
			var granted []rbacv1.PolicyRule
			for _, r := range rules {
				if r.Resources[0] != name {
					granted = append(granted, r)
				}
			}
			if name != "" && len(granted) == len(rules) {
				t.Fatalf("the README does not print %s", name)
			}
			id := strings.NewReplacer("/", "-").Replace(ns + "-lacks-" + name + "x")
			kubeconfig, err := c.CreateUser(t.Context(), id, ns, granted...)
			if err != nil {
				t.Fatal(err)
			}
			log := filepath.Join(t.TempDir(), "log")
			s := kscope(t, screen.Options{Cols: 200, Rows: 55, Env: []string{"KUBECONFIG=" + kubeconfig, "NO_COLOR=1"}}, "--log", log)
			number := queueIs("3")
			if want.blind {
				number = queueIs("?")
			}
			text := s.WaitFor(patience, "the queue, as far as it may be known", both(number, has(want.words)))
			if name == "" {
				s.Press("C")
				got := card(s.WaitFor(patience, "connection card", has("How the queue is reached", "round trip")))
				by := ", by TriggerAuthentication redis"
				if got["user"] != user || got["credentials"] != "user: Secret "+ns+"/redis key user"+by+"; password: Secret "+ns+"/redis key password"+by {
					t.Errorf("the card says %q", got)
				}
				s.Press("esc")
				s.WaitFor(patience, "end of the card", lacks("How the queue is reached")) // esc and q at once are alt+q
				if has("PARTLY BLIND")(text) {
					t.Errorf("with all permissions something is missing:\n%s", text)
				}
			}
			s.Press("q")
			s.Exit(patience)
			screen.HoldsNoSecret(t, log)
		})
	}
	for _, r := range rules { // none is printed that no test is about
		if _, ok := missing[r.Resources[0]]; !ok && r.Resources[0] != "scaledobjects" {
			t.Errorf("the README prints %s, which nothing here needs", r.Resources[0])
		}
	}
}
