package load_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/kscope/kscope/load"
)

// profiles is one of each kind, and some at their edges.
var profiles = []string{
	"batch:500", "batch:1",
	"burst:500", "burst:7,every=10s,1m", "burst:333,every=2s", "burst:3,every=1m,90.5s,total=5",
	"steady:50/s,2m", "steady:0.3/s", "steady:30/m,1h,total=100", "steady:5000/s,1m", "steady:1/h,7h",
	"ramp:0-200/s,1m", "ramp:200-0/s,1m", "ramp:10-10/s,3s", "ramp:0.5-7.25/s,33s,total=50",
	"wave:0-100/s,period=30s,5m", "wave:40-41/s,period=2s", "wave:100/s", "wave:0-7/s,period=7s,total=90",
	"spikes:20/s,5m", "spikes:20/s,each=50,seed=7,5m", "spikes:5000/s,1m,seed=0", "spikes:1/m,total=3", "spikes:0.2/s,each=3",
}

func profile(t testing.TB, text string) load.Profile {
	t.Helper()
	p, err := load.ParseProfile(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Due never shrinks, is the integral of the rate, and ends where it should.
func TestProfilesAreIntegrals(t *testing.T) {
	for _, text := range profiles {
		p := profile(t, text)
		end := 4 * time.Minute
		if d, ends := p.Length(); ends {
			end = d + 5*time.Second
		}
		const steps = 100_000
		step := end / steps
		integral, last := 0.0, int64(0)
		for i := range steps {
			at := time.Duration(i) * step
			due := p.Due(at)
			if due < last {
				t.Fatalf("%s: due shrinks from %d to %d at %v", text, last, due, at)
			}
			chance := p.Kind == load.Batch || p.Kind == load.Spikes
			if fault := math.Abs(float64(due) - integral); !chance && fault > 1+p.Top()*step.Seconds() {
				t.Fatalf("%s: %d due at %v, the integral is %f", text, due, at, integral)
			}
			if p.Done(at) && p.Due(at+time.Hour) != due {
				t.Fatalf("%s: done at %v with %d due, and later %d", text, at, due, p.Due(at+time.Hour))
			}
			if r := p.RateAt(at); r < 0 || r > p.Top()*1.000001 || p.Done(at) && r != 0 {
				t.Fatalf("%s: a rate of %f at %v", text, r, at)
			}
			integral += p.RateAt(at+step/2) * step.Seconds()
			last = due
		}
		if p.Due(-time.Second) != 0 || p.RateAt(-1) != 0 || p.Done(-1) {
			t.Errorf("%s: something is due before it begins", text)
		}
		n, ends := p.Planned()
		if _, limited := p.Length(); ends != (limited || p.Total > 0) {
			t.Errorf("%s: ends: %v", text, ends)
		}
		if ends && p.Due(8*24*time.Hour) != n || p.Total > 0 && n > p.Total {
			t.Errorf("%s: %d planned, %d due in the end", text, n, p.Due(8*24*time.Hour))
		}
		if !ends && p.Done(1000*time.Hour) {
			t.Errorf("%s: done, though it has no end", text)
		}
	}
}

func TestDue(t *testing.T) {
	for _, tt := range []struct {
		text string
		at   time.Duration
		want int64
	}{
		{"batch:500", 0, 500},
		{"steady:50/s", 0, 0}, {"steady:50/s", 19 * time.Millisecond, 0}, {"steady:50/s", 20 * time.Millisecond, 1},
		{"steady:5000/s,1m", time.Minute, 300_000}, {"steady:0.7/s", 10 * time.Second, 7}, {"steady:10/h,5h", 24 * time.Hour, 50},
		{"ramp:0-200/s,1m", 30 * time.Second, 1500}, {"ramp:0-200/s,1m", time.Hour, 6000}, {"ramp:200-0/s,1m", 30 * time.Second, 4500},
		{"wave:0-100/s,period=30s", 15 * time.Second, 750}, {"wave:0-100/s,period=30s", 30 * time.Second, 1500}, {"wave:20-100/s,period=30s,5m", time.Hour, 18_000},
		{"burst:500", 500 * time.Millisecond, 250}, {"burst:500", time.Minute, 500}, {"burst:500,every=30s,1m", 30*time.Second + 100*time.Millisecond, 550},
		{"burst:500,every=30s,1m", time.Hour, 1000}, {"burst:500,every=30s,total=700", time.Hour, 700},
	} {
		if got := profile(t, tt.text).Due(tt.at); got != tt.want {
			t.Errorf("%s: %d due after %v, want %d", tt.text, got, tt.at, tt.want)
		}
	}
}

// Spikes are a Poisson process: right on average, as uneven as chance, the same
// for the same seed, and of another shape for another one.
func TestSpikesArePoisson(t *testing.T) {
	for _, rate := range []string{"2/s", "50/s", "4000/s"} {
		p := profile(t, "spikes:"+rate+",seed=3")
		const seconds = 4000
		var sum, squares float64
		for i := range seconds {
			n := float64(p.Due(time.Duration(i+1)*time.Second) - p.Due(time.Duration(i)*time.Second))
			sum, squares = sum+n, squares+n*n
		}
		mean := sum / seconds
		variance := squares/seconds - mean*mean
		if off := math.Abs(mean-p.Rate) / math.Sqrt(p.Rate/seconds); off > 4 {
			t.Errorf("%s: %f a second on average", rate, mean)
		}
		if ratio := variance / mean; ratio < 0.9 || ratio > 1.1 {
			t.Errorf("%s: the variance is %f times the mean, want 1", rate, ratio)
		}
	}
	a, b := profile(t, "spikes:50/s,seed=1"), profile(t, "spikes:50/s,seed=2")
	if a.Due(time.Minute) == b.Due(time.Minute) && a.Due(2*time.Minute) == b.Due(2*time.Minute) {
		t.Error("two seeds give the same")
	}
	sized := profile(t, "spikes:50/s,each=25,seed=1")
	if n := sized.Due(10 * time.Minute); n%25 != 0 || n < 25_000 || n > 35_000 {
		t.Errorf("%d due in spikes of 25", n)
	}
	short := profile(t, "spikes:50/s,seed=1,1m")
	if short.Due(30*time.Second) != a.Due(30*time.Second) {
		t.Error("a duration changes the arrivals")
	}
}

func TestParseProfileRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                      `there is no profile "": want batch, burst, steady, ramp, wave or spikes`,
		"stedy:50/s":            `there is no profile "stedy"`,
		"steady":                "steady: how much is missing: steady:50/s,2m",
		"steady:":               "how much is missing",
		"steady:50":             `"50" is not a rate: want 50/s, 30/m or 10/h`,
		"steady:-50/s":          "a rate of -50 jobs/s is negative",
		"steady:0/s":            "a rate of 0 jobs/s does nothing",
		"steady:1e300/s":        "is absurd: want up to 1,000,000",
		"steady:NaN/s":          "a rate of NaN jobs/s",
		"steady:Inf/s":          "a rate of +Inf jobs/s",
		"steady:1e-9/s":         "is absurd",
		"steady:50/s,2":         `"2": want a duration such as 2m`,
		"steady:50/s,-2m":       "a time is negative",
		"steady:50/s,0s":        "lasts no time",
		"steady:50/s,9999h":     "9999h0m0s is absurd",
		"steady:50/s,2m,3m":     "for is said twice",
		"steady:50/s,fro=2m":    `"fro=2m": want a duration`,
		"steady:50/s,each=3":    "only spikes have a size",
		"steady:50/s,seed=3":    "leaves nothing to chance",
		"steady:50/s,period=3s": "a period that it does not know",
		"steady:50/s,total=0":   "0 jobs do nothing",
		"steady:50/s,total=-1":  "fewer than none",
		"batch:0":               "0 jobs do nothing",
		"batch:1.5":             "not a whole number",
		"batch:500,2m":          "takes no duration",
		"batch:10M,total=3":     "has its total already",
		"batch:9999999M":        "absurd",
		"burst:5,2m":            "say how often with every=30s",
		"burst:5,every=1s":      "want 2s to 24h",
		"burst:2M":              "2000000 jobs within a second are absurd",
		"ramp:200/s,1m":         "want two rates: ramp:0-200/s,1m",
		"ramp:0-200/s":          "needs a duration",
		"ramp:0-0/s,1m":         "does nothing",
		"wave:-5-3/s":           "a rate is negative",
		"wave:9-3/s":            "the peak of 3 jobs/s is not above the base of 9",
		"spikes:5/s,each=0":     "0 jobs do nothing",
		"spikes:5/s,seed=-1":    "want a whole number",
		"steady:" + strings.Repeat("9", 500) + "/s": "is not a rate",
	} {
		_, err := load.ParseProfile(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: got %v, want %q", text, err, want)
		} else if len(err.Error()) > 200 {
			t.Errorf("%.60q: an error of %d characters", text, len(err.Error()))
		}
	}
}

func TestWithin(t *testing.T) {
	for _, tt := range []struct {
		text   string
		limits load.Limits
		want   string // of the error
		total  int64
	}{
		{"steady:5000/s,1m", load.Limits{}, "", 0},
		{"steady:5000/s", load.Limits{}, "", 1_000_000},
		{"steady:5000/s,10m", load.Limits{}, "3,000,000 jobs altogether is more than the limit of 1,000,000; --max-total lifts it", 0},
		{"steady:5000/s,10m", load.Limits{Total: 5_000_000}, "", 0},
		{"steady:10001/s", load.Limits{}, "10,001 jobs/s is more than the limit of 10,000 jobs/s; --max-rate lifts it", 0},
		{"burst:20000", load.Limits{}, "--max-rate", 0},
		{"batch:2M", load.Limits{}, "--max-total", 0},
		{"wave:0-60000/s,total=10", load.Limits{Rate: 60_000}, "", 10},
	} {
		got, err := profile(t, tt.text).Within(tt.limits)
		switch {
		case tt.want == "" && (err != nil || got.Total != tt.total):
			t.Errorf("%s: got %v and a total of %d, want %d", tt.text, err, got.Total, tt.total)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || !errors.Is(err, load.ErrLimit)):
			t.Errorf("%s: got %v, want %q", tt.text, err, tt.want)
		}
	}
	for _, l := range []load.Limits{{Rate: -1}, {Rate: math.NaN()}, {Rate: 1e7}, {Total: -1}, {Total: 1e10}} {
		if l.Check() == nil {
			t.Errorf("%+v passes", l)
		}
	}
}

// FuzzParseProfile: what is accepted is sound, and is written as it is read.
func FuzzParseProfile(f *testing.F) {
	for _, text := range profiles {
		f.Add(text)
	}
	f.Add("wave:1-1.0000000001/s,period=2s,1ms")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := load.ParseProfile(text)
		if err != nil {
			return
		}
		if err := p.Check(); err != nil {
			t.Fatalf("%q is read and refused: %v", text, err)
		}
		again, err := load.ParseProfile(p.String())
		if err != nil || again != p {
			t.Fatalf("%q is written %q and read as %+v, %v; want %+v", text, p.String(), again, err, p)
		}
		if p.Words() == "" {
			t.Error("no words")
		}
		last := int64(0)
		for _, at := range []time.Duration{0, 1, time.Millisecond, time.Second, time.Minute, time.Hour, 100 * time.Hour, 1 << 62} {
			n := p.Due(at)
			if n < last {
				t.Fatalf("%q: due shrinks from %d to %d at %v", text, last, n, at)
			}
			last = n
		}
	})
}

// Any profile, however made, is written as it is read.
func TestProfilesAreWrittenAsRead(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		p := load.Profile{Kind: load.Kinds[r.IntN(len(load.Kinds))]}
		some := func() float64 { return math.Exp(r.Float64()*15 - 5) }
		span := func() time.Duration { return time.Duration(r.Int64N(int64(time.Hour))) + 2*time.Second }
		switch p.Kind {
		case load.Batch, load.Burst:
			p.Jobs = r.Int64N(10_000) + 1
		case load.Steady, load.Spikes:
			p.Rate = some()
		default:
			p.Base = some()
			p.Peak = p.Base + some()
		}
		if p.Kind == load.Spikes {
			p.Jobs, p.Seed = r.Int64N(5)+1, r.Uint64N(3)
		}
		if p.Kind == load.Wave || p.Kind == load.Burst {
			p.Period = span()
		}
		if p.Kind == load.Ramp || p.Kind != load.Batch && r.IntN(2) == 0 {
			p.Duration = span()
		}
		if err := p.Check(); err != nil {
			t.Fatalf("%+v: %v", p, err)
		}
		got, err := load.ParseProfile(p.String())
		if err != nil || got != p {
			t.Fatalf("%s: got %+v, %v, want %+v", p, got, err, p)
		}
	}
}

func TestScaledAndPresets(t *testing.T) {
	for _, jobs := range []int64{0, 1, 3, 50, 1234, 1 << 40} {
		ps := load.Presets(jobs)
		if len(ps) != len(load.Kinds) {
			t.Fatalf("%d presets", len(ps))
		}
		for i, p := range ps {
			if p.Kind != load.Kinds[i] {
				t.Errorf("preset %d is %s", i, p.Kind)
			}
			if _, err := p.Within(load.Limits{Rate: 20_000}); err != nil {
				t.Errorf("for %d jobs: %v", jobs, err)
			}
			if again := profile(t, p.String()); again != p {
				t.Errorf("%s is read as %s", p, again)
			}
			for _, by := range []float64{1e-12, 0.1, 2, 1e12} {
				if err := p.Scaled(by).Check(); err != nil {
					t.Errorf("%s scaled by %g: %v", p, by, err)
				}
			}
		}
	}
	for text, want := range map[string]string{
		"steady:5/s,2m": "steady:10/s,2m", "wave:0-10/s": "wave:0-20/s,period=1m", "burst:50,every=30s": "burst:100,every=30s",
		"spikes:5/s,each=3": "spikes:10/s,each=3", "batch:7": "batch:14", "steady:0.1/s": "steady:12/m",
	} {
		if got := profile(t, text).Scaled(2).String(); got != want {
			t.Errorf("%s twice is %s, want %s", text, got, want)
		}
	}
}

func TestWords(t *testing.T) {
	for text, want := range map[string]string{
		"batch:1": "1 job at once", "burst:500": "500 jobs within a second", "burst:500,every=30s,5m": "500 jobs every 30s for 5m",
		"steady:50/s,2m": "50 jobs/s for 2m", "steady:0.25/s": "0.25 jobs/s until stopped", "ramp:0-200/s,90s": "0 to 200 jobs/s within 1m30s",
		"wave:100/s": "0 to 100 jobs/s every 1m until stopped", "spikes:20/s,each=50,5m": "about 20 jobs/s in spikes of 50 for 5m",
		"spikes:20/s,total=10k": "about 20 jobs/s, 10,000 at most",
	} {
		if got := profile(t, text).Words(); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

func BenchmarkDue(b *testing.B) {
	for _, text := range []string{"wave:0-100/s", "spikes:5000/s"} {
		b.Run(text, func(b *testing.B) {
			p, at := profile(b, text), time.Duration(0)
			b.ReportAllocs()
			for b.Loop() {
				at += 20 * time.Millisecond
				p.Due(at)
			}
		})
	}
}
