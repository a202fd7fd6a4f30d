package kscope

import (
	"math"
	"testing"
	"time"
)

func TestWantReplicas(t *testing.T) {
	tests := []struct {
		total, target float64
		current, want int32
	}{
		{44, 5, 10, 9}, {45, 5, 10, 10}, {50, 5, 10, 10}, {55, 5, 10, 10}, {56, 5, 10, 12}, // both ends of the band belong to it
		{0, 5, 10, 0}, {0, 5, 0, 0}, {10, 5, 0, 2}, {11, 5, 0, 3}, {60, 5, 1, 12}, {100, 5, 0, 20},
		{1, 5, 1, 1}, {5.4, 5, 1, 1}, {5.6, 5, 1, 2},
		{1.1, 0.1, 0, 11}, {0.3, 0.1, 0, 3}, {7, 7.5, 0, 1}, // in thousandths, as the controller counts
		{7, 0, 4, 4}, {nan, 5, 4, 4}, {-3, 5, 4, 0}, {1e300, 1, 1, math.MaxInt32},
	}
	for _, tt := range tests {
		if got := WantReplicas(tt.total, tt.target, tt.current); got != tt.want {
			t.Errorf("%v at %v with %d: %d, want %d", tt.total, tt.target, tt.current, got, tt.want)
		}
	}
}

func TestUpLimit(t *testing.T) {
	pods := func(n int32) ScalingPolicy { return ScalingPolicy{"Pods", n, 15 * time.Second} }
	percent := func(n int32) ScalingPolicy { return ScalingPolicy{"Percent", n, 15 * time.Second} }
	behavior := func(choice string, ps ...ScalingPolicy) HPA {
		return HPA{MaxReplicas: 1000, HasBehavior: true, ScaleUpSelect: choice, ScaleUp: ps}
	}
	tests := []struct {
		name    string
		h       HPA
		current int32
		want    int32
	}{
		{"no behavior", HPA{MaxReplicas: 20}, 1, 4},
		{"no behavior", HPA{MaxReplicas: 20}, 4, 8},
		{"no behavior, max", HPA{MaxReplicas: 20}, 16, 20},
		{"no behavior, huge", HPA{MaxReplicas: math.MaxInt32}, 2e9, math.MaxInt32},
		{"default policies", behavior("Max", pods(4), percent(100)), 1, 5},
		{"default policies", behavior("Max", pods(4), percent(100)), 5, 10},
		{"the least", behavior("Min", pods(4), percent(100)), 10, 14},
		{"disabled", behavior("Disabled", pods(4)), 3, 3},
		{"floats, as the controller has them", behavior("Max", percent(10)), 100, 111},
		{"no policies", behavior("Max"), 3, 1000},
		{"pods, huge", behavior("Max", pods(math.MaxInt32)), 3, 1000},
	}
	for _, tt := range tests {
		if got := UpLimit(tt.h, tt.current); got != tt.want {
			t.Errorf("%s from %d: %d, want %d", tt.name, tt.current, got, tt.want)
		}
	}
}

// How many syncs it takes from one replica to so many, with a backlog that
// stays: known from the HPA controller's own functions.
func TestRamp(t *testing.T) {
	plain := HPA{MaxReplicas: 1000}
	behavior := HPA{MaxReplicas: 1000, HasBehavior: true, ScaleUpSelect: "Max", ScaleUp: []ScalingPolicy{{"Pods", 4, 15 * time.Second}, {"Percent", 100, 15 * time.Second}}}
	for _, tt := range []struct{ n, plain, behavior int32 }{
		{2, 1, 1}, {4, 1, 1}, {5, 2, 1}, {8, 2, 2}, {10, 3, 2}, {16, 3, 3}, {20, 4, 3}, {40, 5, 4}, {50, 5, 5}, {100, 6, 6},
	} {
		syncs := func(h HPA) (k int32) {
			for current := int32(1); current < tt.n; k++ {
				current = min(WantReplicas(float64(tt.n)*5, 5, current), UpLimit(h, current))
			}
			return k
		}
		if got := syncs(plain); got != tt.plain {
			t.Errorf("to %d without behavior: %d syncs, want %d", tt.n, got, tt.plain)
		}
		if got := syncs(behavior); got != tt.behavior {
			t.Errorf("to %d with behavior: %d syncs, want %d", tt.n, got, tt.behavior)
		}
	}
}

func TestZeroAt(t *testing.T) {
	tests := []struct {
		name                       string
		poll, cooldown, initial    time.Duration
		created, last, want, local float64 // -1 for never; local is the stream's view of the same
	}{
		{"a multiple of the polling interval", 5 * time.Second, 30 * time.Second, 0, -100, 0, 30, 30.7},
		{"not a multiple", 30 * time.Second, 45 * time.Second, 0, -100, 0, 60, 60.7},
		{"the defaults", 30 * time.Second, 300 * time.Second, 0, -100, 0, 300, 300.7},
		{"less than a poll", 30 * time.Second, time.Second, 0, -100, 0, 30, 30.7},
		{"none at all", 30 * time.Second, 0, 0, -100, 0, 30, 30.7},
		{"never active", 5 * time.Second, 30 * time.Second, 0, -100, -1, -1, -1},
		{"never active, initial cooldown", 30 * time.Second, 300 * time.Second, 100 * time.Second, -10, -1, 110, 110},
		{"no polling interval", 0, 30 * time.Second, 0, -100, 0, -1, -1},
	}
	when := func(s float64) time.Time {
		if s == -1 {
			return time.Time{}
		}
		return sec(s)
	}
	for _, tt := range tests {
		so := ScaledObject{PollingInterval: tt.poll, CooldownPeriod: tt.cooldown, InitialCooldownPeriod: tt.initial, Created: sec(tt.created), LastActiveTime: when(tt.last)}
		if got := ZeroAt(so); !got.Equal(when(tt.want)) {
			t.Errorf("%s: %v, want %v", tt.name, got, when(tt.want))
		}
		c := Chain{ScaledObject: so}
		if tt.last != -1 {
			c.Polled = sec(tt.last + 0.7)
		}
		if got := zeroAt(&c); !got.Equal(when(tt.local)) {
			t.Errorf("%s, as seen: %v, want %v", tt.name, got, when(tt.local))
		}
	}
}

func TestFormat(t *testing.T) {
	for _, tt := range []struct {
		v    float64
		want string
	}{
		{0, "0"}, {7, "7"}, {999, "999"}, {1000, "1,000"}, {7035, "7,035"}, {1234567, "1,234,567"}, {-1234, "-1,234"}, {100, "100"},
		{0.5, "0.5"}, {1234.56, "1,234.6"}, {999.99, "1,000.0"}, {-0.04, "0.0"}, {-0.5, "-0.5"}, {nan, "?"}, {1e15, "1e+15"}, {math.Inf(1), "+Inf"}, {-9.2e15, "-9.2e+15"},
	} {
		if got := FormatCount(tt.v); got != tt.want {
			t.Errorf("count %v: %q, want %q", tt.v, got, tt.want)
		}
	}
	for _, tt := range []struct {
		d         time.Duration
		age, span string
	}{
		{0, "0s", "0s"}, {340 * time.Millisecond, "340ms", "0.34s"}, {4 * time.Second, "4s", "4s"}, {59999 * time.Millisecond, "59s", "59.999s"},
		{90 * time.Second, "1m30s", "90s"}, {125 * time.Second, "2m05s", "125s"}, {5 * time.Minute, "5m00s", "5m"}, {2 * time.Hour, "2h00m", "2h"},
		{192 * time.Minute, "3h12m", "192m"}, {50 * time.Hour, "2d", "50h"}, {47*time.Hour + 59*time.Minute, "47h59m", "2879m"},
	} {
		if got := FormatAge(tt.d); got != tt.age {
			t.Errorf("age %v: %q, want %q", tt.d, got, tt.age)
		}
		if got := FormatSpan(tt.d); got != tt.span {
			t.Errorf("span %v: %q, want %q", tt.d, got, tt.span)
		}
	}
	if got := FormatAge(-time.Second); got != "0s" {
		t.Errorf("age of the future: %q", got)
	}
	for n, want := range map[int64]string{0: "0 pods", 1: "1 pod", 2: "2 pods", 1200: "1,200 pods"} {
		if got := plural(n, "pod"); got != want {
			t.Errorf("plural %d: %q, want %q", n, got, want)
		}
	}
}

func TestSelector(t *testing.T) {
	is := func(key string, op Operator, values ...string) Requirement { return Requirement{key, op, values} }
	labels := map[string]string{"app": "worker", "tier": "back", "empty": ""}
	tests := []struct {
		name string
		s    Selector
		want bool
	}{
		{"empty", nil, false},
		{"in", Selector{is("app", In, "worker")}, true},
		{"in several", Selector{is("app", In, "web", "worker")}, true},
		{"in others", Selector{is("app", In, "web")}, false},
		{"in, missing", Selector{is("zone", In, "a", "")}, false},
		{"in, empty value", Selector{is("empty", In, "")}, true},
		{"not in", Selector{is("app", NotIn, "web")}, true},
		{"not in, there", Selector{is("app", NotIn, "web", "worker")}, false},
		{"not in, missing", Selector{is("zone", NotIn, "a")}, true},
		{"exists", Selector{is("empty", Exists)}, true},
		{"exists, missing", Selector{is("zone", Exists)}, false},
		{"does not exist", Selector{is("zone", DoesNotExist)}, true},
		{"does not exist, there", Selector{is("app", DoesNotExist)}, false},
		{"all must hold", Selector{is("app", In, "worker"), is("tier", NotIn, "back")}, false},
		{"unheard of", Selector{is("app", "Like", "work")}, false},
	}
	for _, tt := range tests {
		if got := tt.s.Matches(labels); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

func TestRedisQueue(t *testing.T) {
	tests := []struct {
		name     string
		typ      string
		metadata map[string]string
		want     Queue
		ok       bool
	}{
		{"the ordinary one", "redis", map[string]string{"address": "redis:6379", "listName": "orders"}, Queue{Address: "redis:6379", Key: "orders"}, true},
		{"trimmed, first of a list, database", "redis", map[string]string{"address": " a:1 , b:2", "listName": " orders ", "databaseIndex": " 3 "}, Queue{Address: "a:1", DB: 3, Key: "orders"}, true},
		{"addresses", "redis", map[string]string{"addresses": "a:1,b:2", "listName": "l"}, Queue{Address: "a:1", Key: "l"}, true},
		{"address before addresses", "redis", map[string]string{"addresses": "a:1", "address": "b:2", "listName": "l"}, Queue{Address: "b:2", Key: "l"}, true},
		{"host and port", "redis", map[string]string{"host": "h", "port": "1", "listName": "l"}, Queue{Address: "h:1", Key: "l"}, true},
		{"hosts and ports", "redis", map[string]string{"hosts": "h, i", "ports": "1 ,2", "listName": "l"}, Queue{Address: "h:1", Key: "l"}, true},
		{"address before host", "redis", map[string]string{"address": "a:1", "host": "h", "port": "2", "listName": "l"}, Queue{Address: "a:1", Key: "l"}, true},
		{"unequal lists", "redis", map[string]string{"hosts": "h,i", "ports": "1", "listName": "l"}, Queue{Key: "l"}, true},
		{"host without port", "redis", map[string]string{"host": "h", "listName": "l"}, Queue{Key: "l"}, true},
		{"from the environment", "redis", map[string]string{"addressFromEnv": "ADDR", "listName": "l"}, Queue{Key: "l"}, true},
		{"the environment before host", "redis", map[string]string{"addressFromEnv": "ADDR", "host": "h", "port": "1", "listName": "l"}, Queue{Key: "l"}, true},
		{"address before the environment", "redis", map[string]string{"addressFromEnv": "ADDR", "address": "a:1", "listName": "l"}, Queue{Address: "a:1", Key: "l"}, true},
		{"no address", "redis", map[string]string{"listName": "l"}, Queue{Key: "l"}, true},
		{"no list", "redis", map[string]string{"address": "a:1"}, Queue{}, false},
		{"no such database", "redis", map[string]string{"address": "a:1", "listName": "l", "databaseIndex": "one"}, Queue{}, false},
		{"no database below 0", "redis", map[string]string{"address": "a:1", "listName": "l", "databaseIndex": "-1"}, Queue{}, false},
		{"a stream by a list's name", "redis-streams", map[string]string{"address": "a:1", "listName": "l"}, Queue{}, false},
		{"stream length", "redis-streams", map[string]string{"address": "a:1", "stream": "s"}, Queue{Address: "a:1", Key: "s", Measure: StreamLength}, true},
		{"stream pending", "redis-streams", map[string]string{"stream": "s", "consumerGroup": "g"}, Queue{Key: "s", Measure: StreamPending, Group: "g"}, true},
		{"stream lag", "redis-streams", map[string]string{"stream": "s", "consumerGroup": "g", "lagCount": "5"}, Queue{Key: "s", Measure: StreamLag, Group: "g"}, true},
		{"no lag", "redis-streams", map[string]string{"stream": "s", "consumerGroup": "g", "lagCount": "0"}, Queue{Key: "s", Measure: StreamPending, Group: "g"}, true},
		{"bad lag", "redis-streams", map[string]string{"stream": "s", "consumerGroup": "g", "lagCount": "x"}, Queue{}, false},
		{"a cluster has one database", "redis-cluster", map[string]string{"addresses": "a:1,b:2", "listName": "l", "databaseIndex": "3"}, Queue{Address: "a:1", Topology: Cluster, Key: "l"}, true},
		{"sentinel streams", "redis-sentinel-streams", map[string]string{"address": "a:1", "stream": "s", "databaseIndex": "3"}, Queue{Address: "a:1", Topology: Sentinel, DB: 3, Key: "s", Measure: StreamLength}, true},
		{"another type", "rabbitmq", map[string]string{"address": "a:1", "listName": "l"}, Queue{}, false},
	}
	for _, tt := range tests {
		if got, ok := RedisQueue(tt.typ, tt.metadata); got != tt.want || ok != tt.ok {
			t.Errorf("%s: %v %v, want %v %v", tt.name, got, ok, tt.want, tt.ok)
		}
	}
}
