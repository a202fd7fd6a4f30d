package tui

import (
	"fmt"
	"math"
	"math/rand"
	"reflect"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/kscope/kscope"
)

// oddly are the values that no API server and no broker should give, by the type of
// a field.
func oddly(t reflect.Type) (out []reflect.Value) {
	as := func(values ...any) {
		for _, v := range values {
			out = append(out, reflect.ValueOf(v).Convert(t))
		}
	}
	switch {
	case t == reflect.TypeFor[time.Time]():
		as(time.Time{}, time.Unix(0, 0), time.Unix(math.MaxInt32, 0), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), time.Date(-5, 1, 1, 0, 0, 0, 0, time.UTC), time.Unix(1<<60, 0))
	case t == reflect.TypeFor[time.Duration]():
		as(time.Duration(0), time.Duration(-1), time.Duration(1), time.Duration(math.MaxInt32)*time.Second, time.Duration(math.MinInt32)*time.Second)
	case t.Kind() == reflect.Int32 || t.Kind() == reflect.Int64 || t.Kind() == reflect.Int:
		for _, n := range []int64{0, -1, 1, math.MaxInt32, math.MinInt32} {
			as(n)
		}
		if t.Kind() == reflect.Int64 {
			as(int64(math.MaxInt64), int64(math.MinInt64))
		}
	case t.Kind() == reflect.Float64:
		as(0.0, -1.0, 1e-300, 1e308, -1e308, math.NaN(), math.Inf(1), math.Inf(-1))
	case t.Kind() == reflect.Bool:
		as(true, false)
	case t.Kind() == reflect.String:
		as("", "Percent", "Pods", "Disabled", "-1", "NaN", "99999999999999999999", "\x1b]0;title\a\x9b31m\u202e\x00", strings.Repeat("世界\u0301", 400), "AverageValue", "Value", "cron", "Unknown")
	case t.Kind() == reflect.Map || t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer:
		out = append(out, reflect.Zero(t))
	}
	return out
}

// leaves are the paths to all fields of a value.
func leaves(v reflect.Value, path []int, visit func(path []int, v reflect.Value)) {
	visit(path, v)
	next := func(i int, e reflect.Value) { leaves(e, append(path[:len(path):len(path)], i), visit) }
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				next(i, v.Field(i))
			}
		}
	case v.Kind() == reflect.Pointer && !v.IsNil():
		next(0, v.Elem())
	case v.Kind() == reflect.Slice:
		for i := range min(v.Len(), 2) {
			next(i, v.Index(i))
		}
	}
}

// changed is a copy of a value with another one at the end of a path; false where
// there is no such place.
func changed(v reflect.Value, path []int, to reflect.Value) (reflect.Value, bool) {
	if len(path) == 0 {
		return to, to.Type() == v.Type()
	}
	switch v.Kind() {
	case reflect.Struct:
		out := reflect.New(v.Type()).Elem()
		out.Set(v)
		part, ok := changed(v.Field(path[0]), path[1:], to)
		if ok {
			out.Field(path[0]).Set(part)
		}
		return out, ok
	case reflect.Pointer:
		if v.IsNil() {
			return v, false
		}
		part, ok := changed(v.Elem(), path[1:], to)
		out := reflect.New(v.Type().Elem())
		if ok {
			out.Elem().Set(part)
		}
		return out, ok
	case reflect.Slice:
		if path[0] >= v.Len() {
			return v, false
		}
		out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(out, v)
		part, ok := changed(v.Index(path[0]), path[1:], to)
		if ok {
			out.Index(path[0]).Set(part)
		}
		return out, ok
	}
	return v, false
}

// oddTale is a whole story with something of everything.
func oddTale() []kscope.Observation {
	t := newTale("demo", "worker-scaler").begin().run(time.Second).push(30).run(19 * time.Second)
	t.say(theJob())
	return t.run(time.Second).out
}

// TestOddFacts: whatever a fact says in whatever field, the screen is drawn, soon,
// and nothing in it acts on the terminal.
func TestOddFacts(t *testing.T) {
	t.Parallel()
	all := oddTale()
	samples := map[reflect.Type]reflect.Value{}
	for _, o := range all {
		samples[reflect.TypeOf(o.Fact)] = reflect.ValueOf(o.Fact)
	}
	for typ, sample := range samples {
		t.Run(typ.String(), func(t *testing.T) {
			t.Parallel()
			n := 0
			leaves(sample, nil, func(path []int, at reflect.Value) {
				for _, odd := range oddly(at.Type()) {
					if n++; n%max(*sweepEvery/80, 1) == 0 {
						tryOdd(t, all, typ, path, odd)
					}
				}
			})
		})
	}
}

func tryOdd(t *testing.T, all []kscope.Observation, typ reflect.Type, path []int, odd reflect.Value) {
	name := fmt.Sprintf("%v%v = %.40q", typ, path, fmt.Sprint(odd))
	defer func() {
		if p := recover(); p != nil {
			t.Errorf("%s: %v", name, p)
		}
	}()
	told := make([]kscope.Observation, len(all))
	for i, o := range all {
		if reflect.TypeOf(o.Fact) == typ {
			if v, ok := changed(reflect.ValueOf(o.Fact), path, odd); ok {
				o.Fact = v.Interface().(kscope.Fact)
			}
		}
		told[i] = o
	}
	began := time.Now()
	m := tell(&tale{}, 100, 30, func(o *Options) { o.Armed = true })
	for len(told) > 0 {
		n := min(150, len(told))
		m.Update(Observed{All: told[:n]})
		told = told[n:]
		checkFrame(t, m)
	}
	for _, k := range []string{"enter", "f", "c", "t", "space", "[", "C", "esc"} {
		m.Update(keyOf(k))
		m.Update(gathered{})
		checkFrame(t, m)
	}
	m.Update(tea.WindowSizeMsg{Width: 33, Height: 9})
	checkFrame(t, m)
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("%s: it took %v", name, took)
	}
}

// TestClockThatJumps: whatever the clock of a stream does, the screen is drawn, and
// soon.
func TestClockThatJumps(t *testing.T) {
	t.Parallel()
	all := oddTale()
	jumps := []time.Duration{0, time.Second, -time.Second, time.Minute, -time.Hour, 26 * time.Hour, -24 * 365 * 20 * time.Hour, 24 * 365 * 56 * time.Hour, 24 * 30 * time.Hour}
	for seed := range int64(60) {
		r := rand.New(rand.NewSource(seed))
		m := tell(&tale{}, 100, 30)
		shift, done := time.Duration(0), []time.Duration{}
		for i := 0; i < len(all); i += 20 {
			if r.Intn(4) == 0 {
				j := jumps[r.Intn(len(jumps))]
				if s := shift + j; s < 24*365*100*time.Hour && s > -24*365*50*time.Hour {
					shift, done = s, append(done, j)
				}
			}
			batch := []kscope.Observation{}
			for _, o := range all[i:min(i+20, len(all))] {
				o.At = o.At.Add(shift)
				batch = append(batch, o)
			}
			began := time.Now()
			m.Update(Observed{All: batch})
			if r.Intn(3) == 0 {
				m.Update(keyOf([]string{"f", "c", "t", "space", "[", "]", "<", ">", "esc", "enter", "C"}[r.Intn(11)]))
				m.Update(gathered{})
			}
			checkFrame(t, m)
			if took := time.Since(began); took > 2*time.Second {
				t.Fatalf("seed %d, after jumps of %v a frame took %v", seed, done, took)
			}
		}
	}
}
