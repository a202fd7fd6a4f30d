package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"k8s.io/client-go/rest"
)

// TestASilentServer: whichever request of discovery the API server leaves
// without an answer, Up and Down end when they are told to and when their time
// is up.
func TestASilentServer(t *testing.T) {
	answers := map[string]string{
		"/api":    `{"kind":"APIVersions","versions":["v1"]}`,
		"/apis":   `{"kind":"APIGroupList","apiVersion":"v1","groups":[]}`,
		"/api/v1": `{"kind":"APIResourceList","groupVersion":"v1","resources":[{"name":"namespaces","kind":"Namespace","verbs":["get"]}]}`,
	}
	ways := map[string]func(context.Context, *rest.Config, Options, io.Writer) error{
		"up": func(ctx context.Context, cfg *rest.Config, o Options, out io.Writer) error {
			return Up(ctx, cfg, Default, o, out)
		},
		"down": func(ctx context.Context, cfg *rest.Config, o Options, out io.Writer) error {
			return Down(ctx, cfg, o, out)
		},
	}
	for silent := range answers {
		for name, way := range ways {
			t.Run(name+" without "+silent, func(t *testing.T) {
				t.Parallel()
				asked := make(chan struct{}, 100)
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Path == silent {
						asked <- struct{}{}
						<-r.Context().Done()
						return
					}
					w.Header().Set("Content-Type", "application/json")
					fmt.Fprint(w, answers[r.URL.Path])
				}))
				defer server.Close()
				cfg := &rest.Config{Host: server.URL}

				ctx, cancel := context.WithCancel(t.Context())
				go func() { <-asked; cancel() }()
				if err := way(ctx, cfg, Options{Timeout: time.Hour}, io.Discard); !errors.Is(err, context.Canceled) {
					t.Errorf("told to end: got %v", err)
				}
				err := way(t.Context(), cfg, Options{Timeout: 50 * time.Millisecond}, io.Discard)
				wantFailure(t, err, "did not say within 50ms what it serves", "kubectl cluster-info")
			})
		}
	}
}
