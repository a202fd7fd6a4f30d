// Package protocoltest is what every broker has to pass: it measures and loads through the
// same technology as kscope does, against a server that the test of the broker has
// running, and disturbs the way to it.
package protocoltest

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/protocol"
)

// Suite is a broker with a server for it.
type Suite struct {
	Protocol protocol.Protocol
	Type     string            // of the trigger
	Good     map[string]string // parameters that lead to an empty queue
	// Secrets are what may stand nowhere; the values of parameters that a trigger takes
	// from an authentication belong here.
	Secrets []string
	// Loads says that jobs can be put in, and Purges that the queue can be emptied.
	Loads, Purges bool
	// Take takes up to n jobs by other means than kscope's, and gives what was in them;
	// nil where the test has none.
	Take func(n int) []string
	// Fill puts n jobs in by other means; for what kscope cannot load.
	Fill func(n int)
	// Settle is how long a number may take to be seen; for brokers that count now and then.
	Settle time.Duration
	// Wrong are parameters that lead nowhere.
	Wrong []Wrong
	// Connectionless says that there is nothing to be disturbed.
	Connectionless bool
}

// Wrong is a mistake in the parameters, and what has to be said of it.
type Wrong struct {
	Name string
	With map[string]string // in the place of good ones
	Say  string            // that the words have in them
	Own  bool              // it is about the queue alone: the server is well
}

// Run runs it.
func Run(t *testing.T, s Suite) {
	t.Run("story", s.story)
	t.Run("wrong", s.wrong)
	if !s.Connectionless {
		t.Run("disturbed", s.disturbed)
	}
}

// story: nothing, some, many, less, nothing.
func (s *Suite) story(t *testing.T) {
	r := s.New(t, nil)
	r.Await(0)
	card := r.meter.Describe()
	if !s.Connectionless && (card.Address == "" || card.Reached != "directly") {
		t.Errorf("the server is reached how? %+v", card)
	}
	if s.Fill != nil {
		s.Fill(10)
		r.Await(10)
	}
	if !s.Loads {
		return
	}
	had := 0
	if s.Fill != nil {
		had = 10
	}
	r.Push(1)
	r.Await(float64(had + 1))
	r.Push(2500)
	r.Await(float64(had + 2501))
	if s.Take != nil {
		s.taken(t, had+2501)
		r.Await(0)
		r.Push(7)
		r.Await(7)
	}
	if s.Purges {
		w, err := r.tech.Writer(r.ask.Backlogs[0])
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		if lost, err := w.Purge(t.Context(), r.ask.Backlogs[0]); err != nil || lost <= 0 {
			t.Errorf("emptied: %d lost, %v", lost, err)
		}
		r.Await(0)
	}
}

// taken takes all jobs, of which no two may be the same.
func (s *Suite) taken(t *testing.T, n int) {
	jobs := s.Take(n)
	if len(jobs) != n {
		t.Fatalf("%d jobs were taken of %d", len(jobs), n)
	}
	seen := map[string]bool{}
	for _, job := range jobs {
		var is struct {
			ID string `json:"id"`
		}
		if err := json.Unmarshal([]byte(job), &is); err != nil && s.Fill == nil {
			t.Fatalf("a job is %q: %v", job, err)
		}
		if is.ID != "" && seen[is.ID] {
			t.Fatalf("job %s is there twice", is.ID)
		}
		seen[is.ID] = true
	}
}

// wrong: each mistake is said, in words, and no number is.
func (s *Suite) wrong(t *testing.T) {
	for _, w := range s.Wrong {
		t.Run(w.Name, func(t *testing.T) {
			r := s.New(t, w.With)
			got, err := r.Measure()
			switch {
			case err == nil:
				t.Fatalf("no error, and %v", got.N)
			case !strings.Contains(err.Error(), w.Say):
				t.Errorf("got %q, want %q in it", err, w.Say)
			case got.N != 0:
				t.Errorf("a number beside the error: %v", got.N)
			case got.Own != w.Own:
				t.Errorf("own is %v", got.Own)
			}
			if again, err2 := r.Measure(); err2 == nil || err2.Error() != err.Error() {
				t.Errorf("the next look says %v, %v", again, err2)
			}
			t.Logf("%v; %s", err, kscope.HintOf(err))
		})
	}
}
