package dashboard_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kscope/kscope/e2e/screen"
)

// A kind is one way in which a trigger can measure Redis.
type triggerCase struct {
	typ      string
	metadata map[string]string
	auth     map[string]string // parameters that a TriggerAuthentication takes from a Secret
	env      map[string]string // of the worker
	want     int64
}

// TestAgreesWithKEDA has KEDA and kscope measure the same keys on real servers,
// in every way that KEDA's Redis triggers know, and compares what is on the
// screen with what KEDA's scaler reports to the HPA.
func TestAgreesWithKEDA(t *testing.T) {
	t.Parallel()
	ns := newNamespace(t, "agrees")
	cases := triggerCases(t)
	for name, tc := range cases {
		tc.apply(t, ns, name)
	}
	letGo(t, ns)
	for name := range cases {
		waitForScaledObject(t, ns, name+"-scaler")
	}

	log := filepath.Join(t.TempDir(), "log")
	s := kscope(t, screen.Options{Cols: 200, Rows: 60, Env: []string{"NO_COLOR=1"}}, "-A", "--log", log)
	s.WaitFor(patience, "table", has("SCALEDOBJECT"))
	s.Press("/")
	s.Type(ns)
	s.Press("enter")
	text := s.WaitFor(patience, "a number for each", func(text string) bool {
		for name, tc := range cases {
			f := strings.Fields(row(text, ns, name))
			if len(f) < 3 || f[len(f)-2] != fmt.Sprint(tc.want) {
				return false
			}
		}
		return true
	})
	t.Logf("\n%s", text)
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		keda := kedaSays(t, ns, name+"-scaler")
		if keda != cases[name].want {
			t.Errorf("%s: KEDA's scaler reports %d, the screen says %d", name, keda, cases[name].want)
		}
	}
	s.Press("q")
	s.Exit(patience)
	screen.HoldsNoSecret(t, log)
}

// kedaSays is what KEDA's scaler reports for the first trigger.
func kedaSays(t *testing.T, ns, name string) (n int64) {
	t.Helper()
	waitFor(t, patience, "KEDA's metric of "+name, func(ctx context.Context) error {
		o, err := c.Dynamic.Resource(scaledObjects).Namespace(ns).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		metrics, _, _ := unstructured.NestedStringSlice(o.Object, "status", "externalMetricNames")
		if len(metrics) != 1 {
			return fmt.Errorf("its metrics are %q", metrics)
		}
		b, err := c.Client.CoreV1().RESTClient().Get().
			AbsPath("/apis/external.metrics.k8s.io/v1beta1/namespaces", ns, metrics[0]).
			Param("labelSelector", "scaledobject.keda.sh/name="+name).DoRaw(ctx)
		if err != nil {
			return err
		}
		var list struct {
			Items []struct{ Value resource.Quantity }
		}
		if err := json.Unmarshal(b, &list); err != nil || len(list.Items) != 1 {
			return fmt.Errorf("%s: %w", b, err)
		}
		n = list.Items[0].Value.Value()
		return nil
	})
	return n
}

// apply creates a worker that takes nothing, and its ScaledObject.
func (tc triggerCase) apply(t *testing.T, ns, name string) {
	t.Helper()
	object := func(apiVersion, kind, name string, rest map[string]any) *unstructured.Unstructured {
		rest["apiVersion"], rest["kind"], rest["metadata"] = apiVersion, kind, map[string]any{"name": name}
		return &unstructured.Unstructured{Object: rest}
	}
	var env, refs []any
	for _, k := range slices.Sorted(maps.Keys(tc.env)) {
		env = append(env, map[string]any{"name": k, "value": tc.env[k]})
	}
	data := map[string]any{}
	for _, k := range slices.Sorted(maps.Keys(tc.auth)) {
		data[k] = tc.auth[k]
		refs = append(refs, map[string]any{"parameter": k, "name": name, "key": k})
	}
	labels := map[string]any{"app": name}
	all := []*unstructured.Unstructured{
		object("apps/v1", "Deployment", name, map[string]any{"spec": map[string]any{
			"replicas": int64(0), "selector": map[string]any{"matchLabels": labels},
			"template": map[string]any{"metadata": map[string]any{"labels": labels}, "spec": map[string]any{
				"containers": []any{map[string]any{"name": "worker", "image": "worker", "env": env}},
			}},
		}}),
	}
	metadata := map[string]any{}
	for k, v := range tc.metadata {
		metadata[k] = v
	}
	trigger := map[string]any{"type": tc.typ, "metadata": metadata}
	if tc.auth != nil {
		all = append(all,
			object("v1", "Secret", name, map[string]any{"stringData": data}),
			object("keda.sh/v1alpha1", "TriggerAuthentication", name, map[string]any{"spec": map[string]any{"secretTargetRef": refs}}))
		trigger["authenticationRef"] = map[string]any{"name": name}
	}
	all = append(all, object("keda.sh/v1alpha1", "ScaledObject", name+"-scaler", map[string]any{"spec": map[string]any{
		"scaleTargetRef": map[string]any{"name": name}, "pollingInterval": int64(2), "maxReplicaCount": int64(1), "triggers": []any{trigger},
	}}))
	for _, o := range all {
		if err := c.Apply(t.Context(), ns, o); err != nil {
			t.Fatal(err)
		}
	}
}

// triggerCases starts the servers and fills the keys. Each number is there once,
// so that none can be mistaken for another.
func triggerCases(t *testing.T) map[string]triggerCase {
	t.Helper()
	const user, password, sentinelPassword, keyPassword = "keda", screen.Secret + "-data", screen.Secret + "-sentinel", screen.Secret + "-key"
	one := startRedis(t, "requirepass "+password)
	one.do("acl", "setuser", user, "on", ">"+password, "~*", "+@all")
	one.fill("jobs", 3)
	for i := range 4 {
		one.do("sadd", "set", i)
	}
	for i := range 5 {
		one.do("zadd", "sorted", i, i)
	}
	for i := range 6 {
		one.do("hset", "hash", i, i)
	}
	third := redis.NewClient(&redis.Options{Addr: one.addr, Password: password, DB: 3})
	defer third.Close()
	for i := range 7 {
		if err := third.LPush(t.Context(), "jobs", i).Err(); err != nil {
			t.Fatal(err)
		}
	}
	streams(one, "stream", 12, 5, 2) // 12 entries, 7 not delivered, 3 of the others not acknowledged

	certs := makeCertificates(t)
	tlsPort := freePort(t)
	dir := t.TempDir()
	files := map[string]string{"ca.crt": certs.ca, "tls.crt": certs.server, "tls.key": certs.serverKey}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	secured := startRedis(t, "tls-port "+tlsPort, "tls-ca-cert-file "+filepath.Join(dir, "ca.crt"),
		"tls-cert-file "+filepath.Join(dir, "tls.crt"), "tls-key-file "+filepath.Join(dir, "tls.key"), "tls-auth-clients yes")
	secured.fill("jobs", 8)

	master := startRedis(t, "requirepass "+password)
	master.fill("jobs", 9)
	streams(master, "stream", 14, 4, 4)
	sentinels := strings.Join(startSentinels(t, master, password, sentinelPassword), ",")

	nodes := startCluster(t)
	var all []string
	for _, n := range nodes {
		all = append(all, n.addr)
	}
	for _, n := range nodes { // only the one that has the slot takes it
		for i := range 11 {
			_ = n.LPush(t.Context(), "jobs", i).Err()
		}
		if n.XAdd(t.Context(), xadd("stream")).Err() == nil {
			streams(n, "stream", 16-1, 1, 1)
		}
	}
	shards := strings.Join(all, ",")

	at := func(address string, more ...string) map[string]string {
		m := map[string]string{"addresses": address}
		if !strings.Contains(address, ",") {
			m = map[string]string{"address": address}
		}
		for i := 0; i < len(more); i += 2 {
			m[more[i]] = more[i+1]
		}
		return m
	}
	pw := map[string]string{"password": password}
	both := map[string]string{"password": password, "sentinelPassword": sentinelPassword}
	host, port, _ := strings.Cut(one.addr, ":")
	return map[string]triggerCase{
		"list":     {typ: "redis", metadata: at(one.addr, "listName", "jobs", "listLength", "5"), auth: pw, want: 3},
		"set":      {typ: "redis", metadata: at(one.addr, "listName", "set", "listLength", "5"), auth: pw, want: 4},
		"sorted":   {typ: "redis", metadata: at(one.addr, "listName", "sorted", "listLength", "5"), auth: pw, want: 5},
		"hash":     {typ: "redis", metadata: at(one.addr, "listName", "hash", "listLength", "5"), auth: pw, want: 6},
		"database": {typ: "redis", metadata: at(one.addr, "listName", "jobs", "listLength", "5", "databaseIndex", "3"), auth: pw, want: 7},
		"user": {typ: "redis", metadata: at(one.addr, "listName", "jobs", "listLength", "5"),
			auth: map[string]string{"username": user, "password": password}, want: 3},
		"environment": {typ: "redis",
			metadata: map[string]string{"hostFromEnv": "HOST", "portFromEnv": "PORT", "passwordFromEnv": "PASSWORD", "listName": "jobs", "listLength": "5"},
			env:      map[string]string{"HOST": host, "PORT": port, "PASSWORD": password}, want: 3},
		"tls": {typ: "redis", metadata: at("127.0.0.1:"+tlsPort, "listName", "jobs", "listLength", "5", "enableTLS", "true"),
			auth: map[string]string{"ca": certs.ca, "cert": certs.client, "key": certs.clientKey}, want: 8},
		"locked": {typ: "redis", metadata: at("127.0.0.1:"+tlsPort, "listName", "jobs", "listLength", "5", "enableTLS", "true"),
			auth: map[string]string{"ca": certs.ca, "cert": certs.client, "key": lock(t, certs.clientKey, keyPassword), "keyPassword": keyPassword}, want: 8},
		"unsafe": {typ: "redis", metadata: at("127.0.0.1:"+tlsPort, "listName", "jobs", "listLength", "5", "enableTLS", "true", "unsafeSsl", "true"),
			auth: map[string]string{"cert": certs.client, "key": certs.clientKey}, want: 8},
		"failover": {typ: "redis-sentinel", metadata: at(sentinels, "listName", "jobs", "listLength", "5", "sentinelMaster", "main"), auth: both, want: 9},
		"sharded":  {typ: "redis-cluster", metadata: at(shards, "listName", "jobs", "listLength", "5"), want: 11},

		"length":  {typ: "redis-streams", metadata: at(one.addr, "stream", "stream", "streamLength", "5"), auth: pw, want: 12},
		"pending": {typ: "redis-streams", metadata: at(one.addr, "stream", "stream", "consumerGroup", "workers", "pendingEntriesCount", "5"), auth: pw, want: 3},
		"lagging": {typ: "redis-streams", metadata: at(one.addr, "stream", "stream", "consumerGroup", "workers", "lagCount", "5", "activationLagCount", "0"), auth: pw, want: 7},
		"failoverstream": {typ: "redis-sentinel-streams", auth: both, want: 14,
			metadata: at(sentinels, "stream", "stream", "streamLength", "5", "sentinelMaster", "main")},
		"failoverlag": {typ: "redis-sentinel-streams", auth: both, want: 10,
			metadata: at(sentinels, "stream", "stream", "consumerGroup", "workers", "lagCount", "5", "activationLagCount", "0", "sentinelMaster", "main")},
		"shardedstream": {typ: "redis-cluster-streams", metadata: at(shards, "stream", "stream", "streamLength", "5"), want: 16},
	}
}

// streams makes a stream of so many entries, with a group that took some of
// them and acknowledged some of these.
func streams(r *server, key string, entries, taken, acknowledged int) {
	r.t.Helper()
	var ids []string
	for range entries {
		ids = append(ids, r.XAdd(r.t.Context(), xadd(key)).Val())
	}
	r.do("xgroup", "create", key, "workers", "0")
	r.do("xreadgroup", "group", "workers", "one", "count", strconv.Itoa(taken), "streams", key, ">")
	for _, id := range ids[:acknowledged] {
		r.do("xack", key, "workers", id)
	}
}
