package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/notes"
)

// TestNotesConcern: a note knows how much it matters, where its object stands and
// which of what scales is concerned.
func TestNotesConcern(t *testing.T) {
	const more = `---
apiVersion: keda.sh/v1alpha1
kind: TriggerAuthentication
metadata: {name: auth, namespace: shop}
spec: {azureKeyVault: {vaultUri: "https://v", secrets: [{parameter: password, name: pw}]}}
---
apiVersion: keda.sh/v1alpha1
kind: TriggerAuthentication
metadata: {name: unused, namespace: shop}
spec: {azureKeyVault: {vaultUri: "https://v", secrets: [{parameter: password, name: pw}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      initContainers: [{name: i, image: i}]
      containers: [{name: web, image: "web:1", resources: {requests: {cpu: 100m}}}]
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: shop}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  maxReplicas: 4
  metrics:
  - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 60}}}
  - {type: Resource, resource: {name: memory, target: {type: Utilization, averageUtilization: 60}}}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledJob
metadata: {name: reports, namespace: shop}
spec:
  jobTargetRef: {parallelism: 2, template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}
  triggers: [{type: rabbitmq, metadata: {queueName: reports, host: amqp, mode: QueueLength, value: "1"}, authenticationRef: {name: auth}}]
---
apiVersion: batch/v1
kind: Job
metadata: {name: migrate, namespace: shop}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: m, image: m}]}}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: sa, namespace: shop}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: "orders", namespace: shop}
spec: {scaleTargetRef: {name: other}, triggers: [{type: cron, metadata: {timezone: UTC, start: 0 8 * * *, end: 0 9 * * *, desiredReplicas: "3"}}]}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: "mail", namespace: shop}
spec: {pollingInterval: 0}
`
	file := filepath.Join(t.TempDir(), "a.yaml")
	text := strings.NewReplacer("- type: redis", "- {type: cpu, metricType: Utilization, metadata: {value: \"60\"}}\n    - type: redis").Replace(shop)
	if text == shop {
		t.Fatal("the shop has changed")
	}
	if err := os.WriteFile(file, []byte(text+more), 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := Load([]string{file}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, n := range m.Notes {
		var rows []string
		for _, id := range n.Rows {
			rows = append(rows, fmt.Sprint(id.Kind, " ", id.Name))
		}
		if !strings.HasPrefix(n.Place, file+":") {
			t.Errorf("%s stands at %q", n, n.Place)
		}
		head, _, _ := strings.Cut(n.Says, ":")
		got = append(got, fmt.Sprintf("%s | %s | %s | %s", n.Weight, n.Subject(), head, strings.Join(rows, ", ")))
	}
	if diff := cmp.Diff([]string{
		"left out | ScaledObject shop/mail | spec.scaleTargetRef | ",
		"left out | ScaledObject shop/mail | spec.triggers | ",
		"left out | ScaledObject shop/mail | spec.pollingInterval | ",
		"left out | ScaledObject shop/orders | it is given twice, and differently at " + strings.SplitN(file, ":", 2)[0] + " | scaledobjects orders",
	}, got[:4]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{
		"not played | Job shop/migrate | accepted, but objects of this kind are not played | ",
		"without effect | ServiceAccount shop/sa | accepted, and without effect in the sandbox | ",
		"played otherwise | Deployment shop/web | initContainers | horizontalpodautoscalers web",
		"played otherwise | TriggerAuthentication shop/auth | azureKeyVault is not asked | scaledjobs reports",
		"not played | TriggerAuthentication shop/unused | azureKeyVault is not asked | ",
		"fails | HorizontalPodAutoscaler shop/web | metrics[1] | horizontalpodautoscalers web",
		"played otherwise | ScaledObject shop/orders | triggers[0] (cpu) | scaledobjects orders",
		"played otherwise | ScaledJob shop/reports | jobTargetRef.parallelism | scaledjobs reports",
		"played otherwise | ScaledJob shop/reports | triggers[0] (rabbitmq) | scaledjobs reports",
	}, got[4:]); diff != "" {
		t.Error(diff)
	}
}

// TestNotesAreClean: whatever names and texts manifests have, notes are safe to show.
func TestNotesAreClean(t *testing.T) {
	m, _ := Load([]string{"-"}, strings.NewReader(shop+"---\napiVersion: a.example.com/v1\nkind: \"Mill\\e[31m\"\nmetadata: {name: \"a\\nb\\e]0;x\\a\"}\n"+
		"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: \"c\\e[2J\"}\ndatum: \"\\e[5m\"\n"))
	if len(m.Notes) < 2 {
		t.Fatalf("%+v", m.Notes)
	}
	for _, n := range m.Notes {
		for _, text := range []string{n.String(), n.Where(), n.Subject(), n.Next} {
			if text != kscope.Clean(text) {
				t.Errorf("%q", text)
			}
		}
	}
	if got := notes.Grouped(m.Notes); got[0].Weight != notes.LeftOut {
		t.Errorf("first comes %v", got[0])
	}
}
