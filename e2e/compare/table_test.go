package compare

import (
	"strings"
	"testing"
	"time"
)

// upAndDown is a scenario for what is tested here; it is never played.
var upAndDown = Scenario{
	Name: "up-and-down", Max: 4, Trigger: "a: b", Behavior: "{}",
	Load: []Level{at(0, 20), at(60, 0)}, Replicas: []int32{0, 1, 4, 0},
}

// course is what may have become of it, so much later than at the earliest.
func course(late time.Duration) Trace {
	return Trace{
		{Replicas: 0, Owner: "whoever applied it"},
		{At: late, Replicas: 1, Owner: keda, By: keda},
		{At: 4*time.Second + late, Replicas: 4, Owner: hpa, By: hpa},
		{At: 85*time.Second + late, Replicas: 0, By: keda},
	}
}

func TestCompare(t *testing.T) {
	but := func(t Trace, i int, change func(*Step)) Trace { change(&t[i]); return t }
	for _, tt := range []struct {
		name    string
		actual  Trace
		sandbox []Trace
		want    string // the beginning of the one problem; none when empty
	}{
		{"equal", course(time.Second), []Trace{course(time.Second)}, ""},
		{"other phases", course(0), []Trace{course(time.Second), course(Tolerance)}, ""},
		{"another beginning", but(course(0), 0, func(s *Step) { s.Owner = "somebody" }), []Trace{course(0)}, ""},
		{"late", course(Tolerance + time.Second), []Trace{course(2 * time.Second), course(time.Second)}, ""},
		{"too late for one play", but(course(0), 2, func(s *Step) { s.At += Tolerance }), []Trace{course(0), course(-time.Second)},
			"up-and-down: 1 to 4 came 26.0s after the beginning on the real cluster, from 3.0s to 4.0s in the sandbox"},
		{"too early", but(course(Tolerance), 3, func(s *Step) { s.At -= Tolerance }), []Trace{course(Tolerance), course(Tolerance + time.Second)},
			"up-and-down: 4 to 0 came 85.0s after"},
		{"shorter", course(0)[:3], []Trace{course(0)}, "up-and-down: the real cluster went 0 1 4, want 0 1 4 0: 0 at 0.0s"},
		{"nothing", nil, []Trace{course(0)}, "up-and-down: the real cluster went , want 0 1 4 0"},
		{"other replicas in one play", course(0), []Trace{course(0), but(course(0), 2, func(s *Step) { s.Replicas = 5 })},
			"up-and-down: the sandbox went 0 1 5 0 in play 1, want 0 1 4 0"},
		{"somebody else", course(0), []Trace{but(course(0), 1, func(s *Step) { s.By = hpa })},
			`up-and-down: 0 to 1 is told of by "KEDA" on the real cluster, by "HPA" in the sandbox`},
		{"nobody", but(course(0), 3, func(s *Step) { s.By = "" }), []Trace{but(course(0), 3, func(s *Step) { s.By = "" })},
			`up-and-down: 4 to 0 is told of by "" on the real cluster`},
		{"another owner", course(0), []Trace{but(course(0), 3, func(s *Step) { s.Owner = keda })},
			`up-and-down: the replicas are owned by "" on the real cluster, by "KEDA" in the sandbox, after 4 to 0`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, problems := Compare(upAndDown, tt.actual, tt.sandbox)
			got := strings.Join(problems, "\n")
			if tt.want == "" && got != "" || len(problems) > 1 || !strings.HasPrefix(got, tt.want) {
				t.Errorf("got problems %q, want %q", got, tt.want)
			}
		})
	}
}

func TestPrint(t *testing.T) {
	rows, problems := Compare(upAndDown, course(2*time.Second), []Trace{course(time.Second), course(4 * time.Second)})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var b strings.Builder
	if err := Print(&b, upAndDown, rows); err != nil {
		t.Fatal(err)
	}
	const want = `
up-and-down: min 0, max 4, a: b
  behavior {}
  jobs   from  replicas   real    by  sandbox    by    in any phase  difference
    20   0.0s    0 to 1   2.0s  KEDA     1.0s  KEDA    1.0s to 4.0s        2.0s
    20   0.0s    1 to 4   6.0s   HPA     5.0s   HPA    5.0s to 8.0s        2.0s
     0  60.0s    4 to 0  27.0s  KEDA    26.0s  KEDA  26.0s to 29.0s        2.0s
`
	if got := b.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestScenarios holds the schedules to what Scenarios promises of them.
func TestScenarios(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range Scenarios() {
		if seen[s.Name] {
			t.Errorf("%s is there twice", s.Name)
		}
		seen[s.Name] = true
		if s.Replicas[0] != int32(s.Min) && s.Idle == "" {
			t.Errorf("%s begins at %d, want its minimum", s.Name, s.Replicas[0])
		}
		for i := 1; i < len(s.Load); i++ {
			if held := s.Load[i].At - s.Load[i-1].At; held < 20*time.Second {
				t.Errorf("%s holds a level for %s only", s.Name, held)
			}
		}
	}
	for _, name := range []string{"burst", "steady", "ramp-down", "reactivation"} {
		if !seen[name] || !seen[name+"-behavior"] {
			t.Errorf("%s is not played both with and without behavior", name)
		}
	}
}
