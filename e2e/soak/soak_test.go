package soak_test

import (
	"os"
	"testing"

	"github.com/kscope/kscope/e2e/soak"
)

// A judge notes whether it was told of an error, instead of failing.
type judge struct {
	testing.TB
	failed bool
}

func (j *judge) Helper()               {}
func (j *judge) Logf(string, ...any)   {}
func (j *judge) Errorf(string, ...any) { j.failed = true }

// What grows all the time is found, by each kind of reading, and what only goes
// up and down is not.
func TestFlat(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		at   func(i int) soak.Use
		n    int
		fail bool
	}{
		"the same":           {func(int) soak.Use { return soak.Use{Anon: 20_000, Files: 15, Threads: 9} }, 30, false},
		"up and down":        {func(i int) soak.Use { return soak.Use{Anon: 20_000 + i%4*3000, Files: 15 + i%4*3, Threads: 9 + i%3} }, 30, false},
		"memory grows":       {func(i int) soak.Use { return soak.Use{Anon: 20_000 + i*800, Files: 15, Threads: 9} }, 30, true},
		"descriptors leak":   {func(i int) soak.Use { return soak.Use{Anon: 20_000, Files: 15 + i/2, Threads: 9} }, 30, true},
		"threads leak":       {func(i int) soak.Use { return soak.Use{Anon: 20_000, Files: 15, Threads: 9 + i/2} }, 30, true},
		"too few to tell":    {func(i int) soak.Use { return soak.Use{Anon: 20_000 * (i + 1)} }, 7, false},
		"a start, then rest": {func(i int) soak.Use { return soak.Use{Anon: 20_000 + min(i, 5)*1000, Files: 15, Threads: 9} }, 30, false},
	} {
		var r soak.Readings
		for i := range tc.n {
			r.All = append(r.All, tc.at(i))
		}
		j := &judge{TB: t}
		if r.Flat(j); j.failed != tc.fail {
			t.Errorf("%s: said to grow: %t, want %t", name, j.failed, tc.fail)
		}
	}
}

// A process holds something of each.
func TestOf(t *testing.T) {
	t.Parallel()
	before, err := soak.Of(os.Getpid())
	if err != nil || before.Anon == 0 || before.Threads == 0 {
		t.Fatalf("read %+v, %v", before, err)
	}
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if after, err := soak.Of(os.Getpid()); err != nil || after.Files <= before.Files {
		t.Errorf("with a file more open: %+v, before: %+v, %v", after, before, err)
	}
}
