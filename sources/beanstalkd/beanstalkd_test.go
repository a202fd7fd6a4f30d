package beanstalkd

import (
	"fmt"
	"strconv"
	"testing"

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
		got := reading(stats, delayed)
		if got.N != want || got.Parts[3].Name != "buried" || got.Parts[3].N != 7 || got.Note != "watched by 4" {
			t.Errorf("with delayed %v: %+v", delayed, got)
		}
	}
}

func BenchmarkMeasure(b *testing.B) {
	port := protocoltest.Port(b)
	at := protocoltest.Loopback(port)
	protocoltest.Start(b, at, "beanstalkd", "-l", "127.0.0.1", "-p", strconv.Itoa(port))
	protocoltest.BenchmarkMeasure(b, New(), "beanstalkd", map[string]string{"server": at, "tube": "orders"})
}

var _ protocol.Purger = (*client)(nil)
