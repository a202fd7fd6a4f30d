package screen

import "testing"

// Names give way before words do, no more than it takes, and the end only then.
func TestBrief(t *testing.T) {
	const lost = "lookup redis.warehouse.svc.cluster.local:6379: no such host"
	for _, tt := range []struct {
		w       int
		s, want string
	}{
		{40, "all of it fits", "all of it fits"},
		{len(lost), lost, lost},
		{55, lost, "lookup redis.warehouse.…ster.local:6379: no such host"},
		{30, lost, "lookup redis.…l:6379: no such host"},
		{30, "the container keeps ending with an error (CrashLoopBackOff)", "the container keeps ending with an error (CrashLoopBackOff)"},
	} {
		if got := (Canvas{}).Brief(tt.w, tt.s); got != tt.want {
			t.Errorf("%d columns: %q, want %q", tt.w, got, tt.want)
		}
	}
}

// A name in an ASCII grid has a gap that no name has.
func TestShortASCII(t *testing.T) {
	c := Canvas{g: &Grid{ascii: true}}
	if got := c.Short(10, "warehouse-orders-1"); got != "ware..rs-1" {
		t.Errorf("got %q", got)
	}
	if got := (Canvas{}).Short(10, "warehouse-orders-1"); got != "ware…ers-1" {
		t.Errorf("got %q", got)
	}
}
