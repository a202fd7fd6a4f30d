package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/kscope/kscope/demo"
)

// hostile are names as no API server should give them, and the kubeconfig may.
var hostile = []string{"\x1b]0;title\a", "\x1b[2J", "a\x9bm", "\u009b31m", "bell\a", "one\ntwo", "one\ttwo", "\u202eback", "zero\u200bwidth", "del\x7f", "nul\x00", "\r"}

// TestCompletionIsPlain: what a shell gets to show has no characters that act on a
// terminal, and the other names are all there.
func TestCompletionIsPlain(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind, group := "NamespaceList", "v1"
		if strings.Contains(r.URL.Path, "scaledobjects") {
			kind, group = "ScaledObjectList", "keda.sh/v1alpha1"
		}
		list := map[string]any{"kind": kind, "apiVersion": group, "metadata": map[string]any{}}
		var items []any
		for _, name := range append([]string{"shop", "zoo"}, hostile...) {
			items = append(items, map[string]any{"kind": strings.TrimSuffix(kind, "List"), "apiVersion": group, "metadata": map[string]any{"name": name}})
		}
		list["items"] = items
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(list)
	}))
	defer server.Close()
	contexts := `{name: shop, context: {cluster: c, user: u}}, {name: zoo, context: {cluster: c, user: u}}`
	for _, name := range hostile {
		contexts += fmt.Sprintf(", {name: %s, context: {cluster: c, user: u}}", strconv.QuoteToASCII(name)) // as YAML quotes, too
	}
	kubeconfig(t, fmt.Sprintf(`
apiVersion: v1
kind: Config
current-context: shop
contexts: [%s]
clusters: [{name: c, cluster: {server: %q}}]
users: [{name: u, user: {}}]
`, contexts, server.URL))
	for _, args := range [][]string{{"__complete", ""}, {"__complete", "-n", ""}, {"__complete", "--context", ""}} {
		out, errs, _ := cli(t, args...)
		for _, r := range out + errs {
			if r != '\n' && r != '\t' && !unicode.IsPrint(r) {
				t.Errorf("%q: %q", args, out)
				break
			}
		}
		for _, name := range []string{"shop\n", "zoo\n"} {
			if !strings.Contains(out, name) {
				t.Errorf("%q: no %q in %q", args, name, out)
			}
		}
	}
}

// TestCompletionOfBrokers: all there is a demo of, and no files.
func TestCompletionOfBrokers(t *testing.T) {
	for _, args := range [][]string{{"demo", "up", "--broker", ""}, {"demo", "down", "--broker", ""}, {"sandbox", "--demo", ""}} {
		out, _, _ := cli(t, append([]string{"__complete"}, args...)...)
		if want := strings.Join(demo.Brokers(), "\n") + "\n:4\n"; out != want {
			t.Errorf("%q: got %q, want %q", args, out, want)
		}
	}
}
