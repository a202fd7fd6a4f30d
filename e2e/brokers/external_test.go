package brokers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kscope/kscope/e2e/cluster"
)

// lookedAtOnce is a ScaledObject that stays at zero, whose source KEDA looks at once and then no
// more while the test lasts.
const lookedAtOnce = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: %[1]s}
spec:
  replicas: 0
  selector: {matchLabels: {app: %[1]s}}
  template:
    metadata: {labels: {app: %[1]s}}
    spec: {containers: [{name: main, image: "worker:1"}]}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: %[1]s}
spec:
  scaleTargetRef: {name: %[1]s}
  pollingInterval: 3600
  triggers:
  - type: metrics-api
    useCachedMetrics: %[2]v
    metadata: {url: %[3]q, valueLocation: queries, targetValue: "5", activationTargetValue: "1000000"}
`

// TestExternalMetrics: what KEDA answers from its memory is read unasked, and reading it
// queries nothing. Of what it does not remember nothing is read until it is asked for, and
// that is one query. The source tells as its value how often it was queried.
func TestExternalMetrics(t *testing.T) {
	for _, cached := range []bool{true, false} {
		t.Run(fmt.Sprintf("cached %v", cached), func(t *testing.T) {
			t.Parallel()
			var queries atomic.Int64
			source := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = fmt.Fprintf(w, `{"queries": %d}`, queries.Add(1))
			}))
			defer source.Close()
			name := fmt.Sprintf("external-%v", cached)
			await := func(what string, f func(context.Context) error) {
				t.Helper()
				if err := cluster.WaitFor(t.Context(), 90*time.Second, what, f); err != nil {
					t.Fatal(err)
				}
			}
			await("the objects", func(ctx context.Context) error {
				return c.ApplyYAML(ctx, namespace, fmt.Sprintf(lookedAtOnce, name, cached, source.URL))
			})
			t.Cleanup(func() {
				_ = c.Dynamic.Resource(scaledObjects).Namespace(namespace).Delete(context.Background(), name, metav1.DeleteOptions{})
			})
			await("KEDA's look", func(context.Context) error {
				if is := half.of(name); queries.Load() == 0 || is.Object == "" {
					return errors.New("not yet")
				}
				return nil
			})
			var before Reading
			if cached {
				await("kscope to read it unasked", func(context.Context) error {
					if before = half.of(name); !before.Known || before.From != "external metrics" {
						return fmt.Errorf("kscope says %+v", before)
					}
					return nil
				})
			}
			was := queries.Load()
			await("kscope to read it when asked", func(context.Context) error {
				if err := half.tell(Command{Object: name, Ask: true}); err != nil { // it takes this once in 15 s
					return err
				}
				if is := half.of(name); !is.Known || is.From != "external metrics" || !is.At.After(before.At) {
					return fmt.Errorf("kscope says %+v", is)
				}
				return nil
			})
			is, now := half.of(name), queries.Load()
			switch {
			case cached && (now != was || is.Counted != float64(was) || before.Counted != is.Counted):
				t.Errorf("%d queries, then %d: %+v, then %+v", was, now, before, is)
			case !cached && (now != was+1 || is.Counted != float64(now)):
				t.Errorf("%d queries, then %d: %+v", was, now, is)
			}
			t.Logf("%d queries, then %d: %g %s", was, now, is.Counted, is.Note)
		})
	}
}
