package protocol

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/sources/broker"
)

// TestOnce: what was refused did not happen, what was broken off may have.
func TestOnce(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/refused":
			w.WriteHeader(http.StatusForbidden)
		case "/broken":
			w.WriteHeader(http.StatusBadGateway)
		case "/gone":
			panic(http.ErrAbortHandler)
		}
	}))
	defer server.Close()
	for path, want := range map[string]struct{ maybe, fails bool }{
		"/": {false, false}, "/refused": {false, true}, "/broken": {true, true}, "/gone": {true, true},
	} {
		web := NewWeb(new(net.Dialer).DialContext, nil)
		_, maybe, err := web.Once(t.Context(), server.URL+path, []byte("x"), nil)
		if maybe != want.maybe || (err != nil) != want.fails {
			t.Errorf("%s: maybe %v, %v", path, maybe, err)
		}
		web.Close()
	}
	web := NewWeb(new(net.Dialer).DialContext, nil)
	server.Close()
	if _, maybe, err := web.Once(t.Context(), server.URL, nil, nil); maybe || err == nil {
		t.Errorf("nobody there: maybe %v, %v", maybe, err)
	}
}

// TestSpread: every job travels once, in pieces that are no larger than allowed, and
// none follows one that failed.
func TestSpread(t *testing.T) {
	b := broker.NewBatch(kscope.Backlog{}, load.StandardPayload(), 95, time.Now())
	var mu sync.Mutex
	seen := make([]int, len(b.Jobs))
	did := Spread(b, Pieces{Jobs: 10, Bytes: 5 * len(b.Jobs[0]), AtOnce: 3}, func(from, to int) broker.Outcome {
		mu.Lock()
		defer mu.Unlock()
		if to-from > 5 || to <= from {
			t.Errorf("a piece from %d to %d", from, to)
		}
		for i := from; i < to; i++ {
			seen[i]++
		}
		return broker.Outcome{Accepted: int64(to - from)}
	})
	for i, n := range seen {
		if n != 1 {
			t.Errorf("job %d was sent %d times", i, n)
		}
	}
	if did.Accepted != 95 || did.Err != nil {
		t.Errorf("got %+v", did)
	}
	calls := 0
	did = Spread(b, Pieces{Jobs: 10, Bytes: 1, AtOnce: 1}, func(from, to int) broker.Outcome {
		if calls++; calls == 3 {
			return broker.Outcome{Unknown: 1, Err: errors.New("no")}
		}
		return broker.Outcome{Accepted: int64(to - from)}
	})
	if did.Accepted > 3 || did.Unknown != 1 || did.Err == nil || calls > 4 {
		t.Errorf("got %+v after %d calls", did, calls)
	}
	if mark := Mark(b); mark == "" || !strings.HasPrefix(b.ID(7), mark+"-") {
		t.Errorf("the mark is %q", mark)
	}
}
