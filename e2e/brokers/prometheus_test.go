package brokers

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/bcrypt"
)

// startPrometheus is one that scrapes a number of jobs, four times a second.
func startPrometheus(t *testing.T) *server {
	var waiting atomic.Int64
	exporter := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, "jobs_waiting{queue=\"a\"} %d\njobs_waiting{queue=\"b\"} %d\n", waiting.Load()/2, waiting.Load()-waiting.Load()/2)
	}))
	t.Cleanup(exporter.Close)
	at, _ := free(t)
	dir := t.TempDir()
	write := func(name, text string) error { return os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600) }
	password := "hunter2-prometheus"
	users := func() error { // it reads them for every request
		hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
		if err != nil {
			return err
		}
		return write("web.yml", fmt.Sprintf("basic_auth_users: {keda: %q}\n", hash))
	}
	err := write("prometheus.yml", fmt.Sprintf("scrape_configs:\n- {job_name: orders, scrape_interval: 250ms, scrape_timeout: 250ms, static_configs: [{targets: [%q]}]}\n",
		strings.TrimPrefix(exporter.URL, "http://")))
	if err == nil {
		err = users()
	}
	if err != nil {
		t.Fatal(err)
	}
	run := func() *process {
		return listens(t, at, dir, nil, "prometheus", "--config.file=prometheus.yml", "--web.config.file=web.yml", "--storage.tsdb.path=data", "--web.listen-address="+at)
	}
	p := run()
	return &server{
		typ: "prometheus",
		metadata: map[string]string{
			"serverAddress": "http://" + at, "query": `sum(jobs_waiting{job="orders"})`, "threshold": "5", "authModes": "basic",
		},
		secret: map[string]string{"username": "keda", "password": password},
		fill:   func(n int) error { waiting.Add(int64(n)); return nil },
		take:   func(n int) error { waiting.Add(-int64(n)); return nil },
		rotate: func() (map[string]string, error) {
			password += "-new"
			return map[string]string{"password": password}, users()
		},
		leave:   func() error { p.kill(); return nil },
		back:    func() error { p = run(); return nil },
		refused: "the server refuses the login",
		gone:    "nothing listens at " + at,
	}
}
