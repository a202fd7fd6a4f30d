package sandbox

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	goredis "github.com/redis/go-redis/v9"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/sandbox/redisd"
	kedaschema "github.com/kscope/kscope/sandbox/schema"
)

// example is the least that a schema takes.
func example(s *kedaschema.Shape) any {
	switch s.Type {
	case "object":
		out := map[string]any{}
		for _, name := range s.Required {
			out[name] = example(s.Fields[name])
		}
		return out
	case "array":
		return []any{example(s.Items)}
	case "integer":
		return 1
	case "boolean":
		return true
	}
	if s.OneOf != nil {
		return s.OneOf[0]
	}
	return "x"
}

// TestAuthenticationNotPlayed: every field of an authentication that the
// manifests do not answer is named, in both kinds.
func TestAuthenticationNotPlayed(t *testing.T) {
	for _, kind := range []string{"TriggerAuthentication", "ClusterTriggerAuthentication"} {
		named := 0
		spec, _ := kedaschema.Of(kind)
		for field, shape := range spec.Fields["spec"].Fields {
			value := "[]"
			if field != "secretTargetRef" && field != "configMapTargetRef" && field != "env" {
				text, err := json.Marshal(example(shape))
				if err != nil {
					t.Fatal(err)
				}
				value = string(text)
			}
			m := unasked(fmt.Sprintf("apiVersion: keda.sh/v1alpha1\nkind: %s\nmetadata: {name: auth}\nspec: {%s: %s}\n", kind, field, value))
			if len(m.Refused) > 0 {
				t.Fatal(m.Refused)
			}
			got := strings.Join(said(m), "\n")
			if value == "[]" {
				if got != "" {
					t.Errorf("%s of a %s: %s", field, kind, got)
				}
				continue
			}
			named++
			if !strings.HasPrefix(got, kind+" ") || !strings.Contains(got, ": "+field+" is not asked") {
				t.Errorf("%s of a %s: %q", field, kind, got)
			}
		}
		if named < 8 {
			t.Errorf("%s: only %d fields", kind, named)
		}
	}
	if m := read(t, "apiVersion: keda.sh/v1alpha1\nkind: TriggerAuthentication\nmetadata: {name: auth}\nspec: {podIdentity: {provider: none}}\n"); len(m.Notes) > 0 {
		t.Errorf("none: %q", said(m))
	}
}

// says is what notes say, and of what.
func says(m Manifests) (out []string) {
	for _, n := range m.Notes {
		out = append(out, n.Subject()+": "+n.Says)
	}
	return out
}

// TestConnections: whatever a trigger refers to for its connection and is not
// there is named.
func TestConnections(t *testing.T) {
	const (
		head   = "apiVersion: keda.sh/v1alpha1\nkind: "
		auth   = "---\n" + head + "TriggerAuthentication\nmetadata: {name: auth, namespace: shop}\nspec: "
		global = "---\n" + head + "ClusterTriggerAuthentication\nmetadata: {name: auth}\nspec: "
		secret = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: redis, namespace: shop}\nstringData: {password: x}\n"
		config = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: redis, namespace: shop}\ndata: {user: x}\n"
		ref    = "listLength: \"5\"}\n      authenticationRef: {name: auth"
		job    = "---\n" + head + "ScaledJob\nmetadata: {name: reports, namespace: shop}\nspec:\n  jobTargetRef: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: i, env: [{name: PW, value: x}]}]}}}\n" +
			"  triggers: [{type: redis, metadata: {address: \"redis.shop:6379\", listName: reports, passwordFromEnv: PW, usernameFromEnv: USER}}]\n"
	)
	with := func(trigger, env string) string {
		return strings.NewReplacer(`listLength: "5"`, trigger, "image: example/worker", "image: example/worker\n          "+env).Replace(shop)
	}
	const so = "ScaledObject shop/orders: triggers[0] (redis): "
	const whole = "ScaledObject shop/orders: container w of Deployment shop/worker has variables from Secret redis, which is not among the manifests; KEDA reads all of them, and refuses it"
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"no authentication", with(ref, ""), []string{so + "TriggerAuthentication auth is not among the manifests; KEDA has nothing from it"}},
		{"one of another namespace", with(ref, "") + strings.Replace(auth, "shop", "other", 1) + "{}\n",
			[]string{so + "TriggerAuthentication auth is not among the manifests; KEDA has nothing from it"}},
		{"one of the cluster", with(ref+", kind: ClusterTriggerAuthentication", "") + auth + "{}\n",
			[]string{so + "ClusterTriggerAuthentication auth is not among the manifests; KEDA has nothing from it"}},
		{"all there", with(ref, "") + auth + "{secretTargetRef: [{parameter: password, name: redis, key: password}], configMapTargetRef: [{parameter: username, name: redis, key: user}]}\n" + secret + config, nil},
		{"no Secret, no ConfigMap", with(ref, "") + auth + "{secretTargetRef: [{parameter: password, name: redis, key: password}], configMapTargetRef: [{parameter: username, name: redis, key: user}]}\n",
			[]string{"TriggerAuthentication shop/auth: password: Secret shop/redis is not among the manifests; KEDA takes it for empty",
				"TriggerAuthentication shop/auth: username: ConfigMap shop/redis is not among the manifests; KEDA takes it for empty"}},
		{"no key", with(ref, "") + auth + "{secretTargetRef: [{parameter: password, name: redis, key: pw}]}\n" + secret,
			[]string{"TriggerAuthentication shop/auth: password: Secret shop/redis has no key pw; KEDA takes it for empty"}},
		{"the operator's Secrets", with(ref+", kind: ClusterTriggerAuthentication", "") + global + "{secretTargetRef: [{parameter: password, name: redis, key: password}]}\n" + secret,
			[]string{"ClusterTriggerAuthentication auth: password: Secret keda/redis is not among the manifests; KEDA takes it for empty"}},
		{"a variable", with("passwordFromEnv: PW", "env: [{name: PW, value: x}]"), nil},
		{"no variable", with("passwordFromEnv: PW, usernameFromEnv: USER", "env: [{name: USER, value: x}]"),
			[]string{so + "passwordFromEnv: Deployment shop/worker container w has no variable PW"}},
		{"a variable of another container", with(ref, "env: [{name: PW, value: x}]") + auth + "{env: [{parameter: username, name: PW, containerName: side}]}\n",
			[]string{so + "username of TriggerAuthentication auth: Deployment shop/worker has no container side"}},
		{"a variable's Secret", with("passwordFromEnv: PW", "env: [{name: PW, valueFrom: {secretKeyRef: {name: redis, key: password}}}]"),
			[]string{whole}},
		{"a variable's key", with("passwordFromEnv: PW", "env: [{name: PW, valueFrom: {configMapKeyRef: {name: redis, key: password}}}]") + config,
			[]string{so + "passwordFromEnv: variable PW of Deployment shop/worker container w: ConfigMap shop/redis has no key password"}},
		{"a variable of the pod's", with("passwordFromEnv: PW", "env: [{name: PW, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]"),
			[]string{so + "passwordFromEnv: variable PW of Deployment shop/worker container w: only a running pod knows it"}},
		{"all of a Secret", with("passwordFromEnv: R_password", "envFrom: [{prefix: R_, secretRef: {name: redis}}]") + secret, nil},
		{"all of no Secret", with("passwordFromEnv: password", "envFrom: [{secretRef: {name: redis}}, {configMapRef: {name: redis, optional: true}}]"),
			[]string{whole}},
		{"a ScaledJob", shop + job, []string{"ScaledJob shop/reports: triggers[0] (redis): usernameFromEnv: ScaledJob shop/reports container c has no variable USER"}},
	} {
		if diff := cmp.Diff(test.want, says(read(t, test.text))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

// TestFollowing: what lacks because it is itself refused is not said to be not given.
func TestFollowing(t *testing.T) {
	m, err := Load([]string{"-"}, strings.NewReader(strings.Replace(shop, "image: example/worker", "image: example/worker\n          envFrom: [{secretRef: {name: redis}}]", 1)+
		"---\napiVersion: v1\nkind: Secret\nmetadata: {name: redis, namespace: shop}\ndata: {password: 'no base64'}\n"))
	if err != nil || len(m.Refused) != 1 || len(m.Notes) != 2 || !strings.Contains(m.Notes[1].Says, "Secret redis, which is left out, for what is wrong with it") || m.Notes[1].Next != "" {
		t.Errorf("%v, %v, %v", err, m.Refused, m.Notes)
	}
}

// TestLoseAuthentication: an authentication object that is there goes, and comes
// back as it was; what a list stands in for is read all the time.
func TestLoseAuthentication(t *testing.T) {
	const manifests = `
apiVersion: v1
kind: Secret
metadata: {name: redis, namespace: shop}
stringData: {password: s3cret}
---
apiVersion: keda.sh/v1alpha1
kind: TriggerAuthentication
metadata: {name: redis, namespace: shop}
spec: {secretTargetRef: [{parameter: password, name: redis, key: password}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: mill, namespace: shop}
spec:
  selector: {matchLabels: {app: mill}}
  template:
    metadata: {labels: {app: mill}}
    spec: {containers: [{name: mill, image: "mill:1"}]}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: mill, namespace: shop}
spec:
  scaleTargetRef: {name: mill}
  pollingInterval: 5
  triggers:
  - {type: redis, metadata: {address: "redis.shop:6379", listName: grain}, authenticationRef: {name: redis}}
  - {type: kafka, metadata: {topic: flour, bootstrapServers: "kafka:9092", consumerGroup: mill}}
`
	mill := kscope.Ref{Namespace: "shop", Name: "mill"}
	synctest.Test(t, func(t *testing.T) {
		m, err := strictly([]string{"-"}, strings.NewReader(manifests))
		if err != nil {
			t.Fatal(err)
		}
		r := run(t, Options{Manifests: m, Speed: 20})
		well := func(c explain.Picture) bool {
			return asleep(c) && len(c.Findings) == 0 && len(c.Readings) == 2 && c.Readings[0].Known && c.Readings[1].Known
		}
		r.until(mill, 6*time.Minute, "asleep", well)
		for range 2 {
			if err := r.Break("auth"); err != nil {
				t.Fatal(err)
			}
			r.until(mill, 10*time.Minute, "what is missing", func(c explain.Picture) bool {
				return len(c.Findings) > 0 && c.Findings[0].Rule == "authMissing" && strings.HasPrefix(c.Why, "TriggerAuthentication redis does not exist") &&
					!c.Readings[0].Known && c.Readings[1].Known
			})
			if err := r.Mend("auth"); err != nil {
				t.Fatal(err)
			}
			r.until(mill, 20*time.Minute, "well again", well)
		}
	})
}

// TestLogins: Redis asks for the logins that the manifests give to the triggers, where all
// come with one.
func TestLogins(t *testing.T) {
	const (
		secret = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: login, namespace: shop}\nstringData: {user: app, password: hunter2}\n"
		auth   = "---\napiVersion: keda.sh/v1alpha1\nkind: TriggerAuthentication\nmetadata: {name: redis, namespace: shop}\nspec:\n  secretTargetRef: [{parameter: username, name: login, key: user}, {parameter: password, name: login, key: password}]\n"
		ref    = "    - type: redis\n      authenticationRef: {name: redis}\n"
		plain  = "    - type: redis\n      metadata: {address: \"redis.shop:6379\", listName: other}\n"
	)
	locked := strings.Replace(shop, "    - type: redis\n", ref, 1) + secret + auth
	for _, tt := range []struct {
		name, text string
		want       []redisd.Login
	}{
		{"none", shop, nil},
		{"one", locked, []redisd.Login{{User: "app", Password: "hunter2"}}},
		{"one of two", locked[:strings.Index(locked, secret)] + plain + secret + auth, nil},
		{"in the trigger", strings.Replace(shop, "listName: orders", "listName: orders, password: p, username: default", 1), []redisd.Login{{Password: "p"}}},
		{"of a Secret that is not there", strings.Replace(locked, secret, "", 1), nil},
		{"beside another broker", locked[:strings.Index(locked, secret)] + "    - type: kafka\n      metadata: {topic: t, bootstrapServers: k, consumerGroup: g}\n" + secret + auth, nil},
	} {
		m := unasked(tt.text)
		if len(m.Refused) > 0 {
			t.Fatal(m.Refused)
		}
		if diff := cmp.Diff(tt.want, m.logins()); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		r := run(t, Options{Manifests: unasked(locked)})
		if user, asked := r.User(); user != "app" || !asked {
			t.Errorf("asked for %q: %v", user, asked)
		}
		for login, want := range map[string]string{"": "NOAUTH Authentication required.", "wrong": "WRONGPASS invalid username-password pair or user is disabled.", "hunter2": ""} {
			o := &goredis.Options{Addr: r.Redis(), Dialer: r.Dial, Protocol: 2, DisableIdentity: true, MaxRetries: -1}
			if login != "" {
				o.Username, o.Password = "app", login
			}
			c := goredis.NewClient(o)
			got := ""
			if err := c.LLen(t.Context(), "orders").Err(); err != nil {
				got = err.Error()
			}
			if got != want {
				t.Errorf("with %q: %q, want %q", login, got, want)
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

// TestOwnLogin: kscope itself is let in by whatever way a trigger gives its login.
func TestOwnLogin(t *testing.T) {
	orders := kscope.Ref{Namespace: "shop", Name: "orders"}
	for _, login := range []string{
		"password: hunter2",
		"password: hunter2, username: app",
		"passwordFromEnv: PW",
		"passwordFromEnv: PW, usernameFromEnv: US",
	} {
		synctest.Test(t, func(t *testing.T) {
			text := strings.Replace(shop, "listName: orders", "listName: orders, "+login, 1)
			m := unasked(strings.Replace(text, "image: example/worker\n", "image: example/worker\n          env: [{name: PW, value: hunter2}, {name: US, value: app}]\n", 1))
			if len(m.logins()) != 1 {
				t.Fatalf("%s: logins %v", login, m.logins())
			}
			r := run(t, Options{Manifests: m, NoWorkers: true})
			c := r.until(orders, time.Minute, login, func(c explain.Picture) bool { return len(c.Readings) == 1 && c.Readings[0].Known })
			r.push(orders, *c.Readings[0].Trigger.Backlog, 3)
			r.until(orders, time.Minute, login, func(c explain.Picture) bool { return c.Readings[0].Known && c.Readings[0].Value == 3 })
		})
	}
}
