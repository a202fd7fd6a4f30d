package beanstalkd

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/sources/protocol/protocoltest"
	"github.com/kscope/kscope/triggers"
)

func TestBeanstalkd(t *testing.T) {
	port := protocoltest.Port(t)
	at := protocoltest.Loopback(port)
	protocoltest.Start(t, at, "beanstalkd", "-l", "127.0.0.1", "-p", strconv.Itoa(port))
	protocoltest.Run(t, protocoltest.Suite{
		Protocol: New(), Type: "beanstalkd",
		Good:  map[string]string{"server": at, "tube": "orders", "value": "5"},
		Loads: true, Purges: true,
		Take: func(n int) []string { return take(t, at, "orders", n) },
		Wrong: []protocoltest.Wrong{
			{Name: "no server", With: map[string]string{"server": ""}, Say: "names no server"},
			{Name: "nobody there", With: map[string]string{"server": protocoltest.Loopback(1)}, Say: "nothing listens at"},
			{Name: "a name nobody knows", With: map[string]string{"server": "beanstalkd.nowhere.invalid:11300"}, Say: "is not known here"},
			{Name: "an impossible tube", With: map[string]string{"tube": "-orders"}, Say: "no tube of that name", Own: true},
		},
	})
}

// take reserves jobs and deletes them, as a worker does.
func take(t *testing.T, at, tube string, n int) (jobs []string) {
	t.Helper()
	made, err := New().Connect(t.Context(), triggers.Parameters{Values: map[string]string{"server": at}}, new(protocoltest.Way).Dial)
	if err != nil {
		t.Fatal(err)
	}
	c := made.(*client)
	defer c.Close()
	ask := func(format string, args ...any) string {
		if _, err := fmt.Fprintf(c, format+"\r\n", args...); err != nil {
			t.Fatal(err)
		}
		line, err := c.line()
		if err != nil {
			t.Fatal(err)
		}
		return line
	}
	ask("watch %s", tube)
	for range n {
		var id, size int
		if _, err := fmt.Sscanf(ask("reserve-with-timeout 0"), "RESERVED %d %d", &id, &size); err != nil {
			return jobs
		}
		line, err := c.line()
		if err != nil {
			t.Fatal(err)
		}
		jobs = append(jobs, line)
		ask("delete %d", id)
	}
	return jobs
}

// TestParts: what is reserved counts, what is delayed where the trigger says so, and what
// is buried never.
func TestParts(t *testing.T) {
	stats := map[string]string{"current-jobs-ready": "3", "current-jobs-reserved": "2", "current-jobs-delayed": "5", "current-jobs-buried": "7", "current-watching": "4"}
	for delayed, want := range map[bool]float64{false: 5, true: 10} {
		got, err := reading(stats, delayed)
		if err != nil || got.N != want || got.Parts[3].Name != "buried" || got.Parts[3].N != 7 || got.Note != "watched by 4" {
			t.Errorf("with delayed %v: %+v, %v", delayed, got, err)
		}
	}
	for _, wrong := range []string{"", "-3", "NaN", "1e308", "99999999999999999999"} {
		stats["current-jobs-ready"] = wrong
		if got, err := reading(stats, false); err == nil {
			t.Errorf("%q jobs are ready: %+v", wrong, got)
		}
	}
}

// TestTubesAreNoCommands has names that end one command and begin another: nothing is put
// in by looking, and nothing goes elsewhere.
func TestTubesAreNoCommands(t *testing.T) {
	port := protocoltest.Port(t)
	at := protocoltest.Loopback(port)
	protocoltest.Start(t, at, "beanstalkd", "-l", "127.0.0.1", "-p", strconv.Itoa(port))
	p := triggers.Parameters{Values: map[string]string{"server": at}}
	made, err := New().Connect(t.Context(), p, new(protocoltest.Way).Dial)
	if err != nil {
		t.Fatal(err)
	}
	c := made.(*client)
	defer c.Close()
	for _, tube := range []string{"a\r\nput 1 0 60 1\r\nx", "a\nuse b", "a b", "", "ä", strings.Repeat("a", 201)} {
		q := protocol.Queue{Parameters: triggers.Parameters{Values: map[string]string{"tube": tube}}}
		readings := make([]broker.Reading, 1)
		if err := c.Measure(t.Context(), []protocol.Queue{q}, readings); err != nil || readings[0].Err == nil || !readings[0].Own {
			t.Errorf("%q is measured: %+v, %v", tube, readings[0], err)
		}
		if did := c.Push(t.Context(), q, protocoltest.Jobs(q.Backlog, 1)); did.Err == nil || did.Accepted+did.Unknown > 0 {
			t.Errorf("%q is put into: %+v", tube, did)
		}
		if _, err := c.Purge(t.Context(), q); err == nil {
			t.Errorf("%q is emptied", tube)
		}
	}
	if stats, err := c.stats("stats"); err != nil || stats["total-jobs"] != "0" {
		t.Errorf("jobs were put in: %v, %v", stats["total-jobs"], err)
	}
}

func BenchmarkMeasure(b *testing.B) {
	port := protocoltest.Port(b)
	at := protocoltest.Loopback(port)
	protocoltest.Start(b, at, "beanstalkd", "-l", "127.0.0.1", "-p", strconv.Itoa(port))
	protocoltest.BenchmarkMeasure(b, New(), "beanstalkd", map[string]string{"server": at, "tube": "orders"})
}

var _ protocol.Purger = (*client)(nil)
