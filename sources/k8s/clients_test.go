package k8s

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
)

func TestClients(t *testing.T) {
	t.Setenv("HTTP2_READ_IDLE_TIMEOUT_SECONDS", "7")
	t.Setenv("HTTP2_PING_TIMEOUT_SECONDS", "")
	if err := os.Unsetenv("HTTP2_PING_TIMEOUT_SECONDS"); err != nil { // Setenv puts it back
		t.Fatal(err)
	}

	var mu sync.Mutex
	asked := map[string]http.Header{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked[r.URL.Path] = r.Header.Clone()
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"kind":"List","apiVersion":"v1","items":[]}`))
	}))
	defer server.Close()

	cfg := &rest.Config{Host: server.URL, UserAgent: "mine", Timeout: time.Second}
	client, dynamic, err := Clients(cfg)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = client.CoreV1().Pods("").List(t.Context(), metav1.ListOptions{}) // the answer is no list of pods; the question counts
	if _, err := dynamic.Resource(rollouts).List(t.Context(), metav1.ListOptions{}); err != nil {
		t.Error(err)
	}
	pods, others := asked["/api/v1/pods"], asked["/apis/argoproj.io/v1alpha1/rollouts"]
	if got := pods.Get("Accept"); !strings.HasPrefix(got, "application/vnd.kubernetes.protobuf,") {
		t.Errorf("built-in kinds: accept %q", got)
	}
	if got := others.Get("Accept"); !strings.Contains(got, "json") {
		t.Errorf("other kinds: accept %q", got)
	}
	for _, h := range []http.Header{pods, others} {
		if got := h.Get("User-Agent"); !strings.HasPrefix(got, "kscope/") {
			t.Errorf("user agent %q", got)
		}
	}
	if cfg.UserAgent != "mine" || cfg.Timeout != time.Second || cfg.Dial != nil || cfg.QPS != 0 {
		t.Errorf("the caller's configuration was changed: %+v", cfg)
	}
	if a, b := os.Getenv("HTTP2_READ_IDLE_TIMEOUT_SECONDS"), os.Getenv("HTTP2_PING_TIMEOUT_SECONDS"); a != "7" || b != "3" {
		t.Errorf("pings: got %s and %s, want the user's 7 and our 3", a, b)
	}
}
