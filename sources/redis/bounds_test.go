package redis

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"runtime/metrics"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/texttest"
	"github.com/kscope/kscope/triggers"
)

// script is a server that says what it has to say whatever it is asked, and hangs
// up: of its texts one each time that it is sent something.
type script struct {
	texts []string
	now   strings.Reader
}

const next = "\x1e" // stands between two texts of a script

func (s *script) Write(b []byte) (int, error) {
	if len(s.texts) > 0 {
		s.now.Reset(s.texts[0])
		s.texts = s.texts[1:]
	}
	return len(b), nil
}

func (s *script) Read(b []byte) (int, error)       { return s.now.Read(b) }
func (s *script) Close() error                     { return nil }
func (s *script) LocalAddr() net.Addr              { return nil }
func (s *script) RemoteAddr() net.Addr             { return nil }
func (s *script) SetDeadline(time.Time) error      { return nil }
func (s *script) SetReadDeadline(time.Time) error  { return nil }
func (s *script) SetWriteDeadline(time.Time) error { return nil }

const secret = "hunter2-and-more"

// scripted is a technology whose connections are scripts, one after the other,
// the last again and again, with a secret in every place for one.
func scripted(scripts ...string) *technology {
	var dials atomic.Int64
	return newTechnology(Options{
		Dial: func(context.Context, string, string) (net.Conn, error) {
			return &script{texts: strings.Split(scripts[min(int(dials.Add(1)), len(scripts))-1], next)}, nil
		},
		Resolve: resolved(Access{Addresses: []string{"10.0.0.1:1"}, Username: "me", Password: secret, SentinelMaster: "main", SentinelPassword: secret}),
	})
}

// greeted are the answers to what every new connection is asked first: to greet,
// with the password, to take a name, and what the server is.
const (
	hello   = "*4\r\n$7\r\nversion\r\n$5\r\n7.4.0\r\n$4\r\nrole\r\n$6\r\nmaster\r\n"
	greeted = hello + next + "+OK\r\n" + hello
)

// every is a queue of each kind, in databases of their own.
func every(topology triggers.Topology) (out []kscope.Backlog) {
	for _, q := range []triggers.Redis{
		{Key: "jobs"}, {Key: "s", Measure: triggers.StreamLength}, {Key: "s", Group: "g", Measure: triggers.StreamPending},
		{Key: "s", Group: "g", Measure: triggers.StreamLag}, {Key: "jobs", DB: 2},
	} {
		if topology == triggers.Cluster {
			q.DB = 0
		}
		q.Address, q.Topology, q.Via = "10.0.0.1:1", topology, "a trigger"
		out = append(out, q.Backlog())
	}
	return out
}

// TestHostileAnswers: a few bytes of a server take neither the memory nor the
// stack of the program, in whichever pieces they come.
func TestHostileAnswers(t *testing.T) {
	deep := strings.Repeat("*1\r\n", 1<<20)
	for name, answer := range map[string]string{
		"a text of 9 EB":        "$9223372036854775807\r\n",
		"a text of 1 GB":        "$1073741824\r\n",
		"a list of 2^63":        "*9223372036854775807\r\n",
		"a list of 2^28":        "*268435456\r\n",
		"lists of lists":        strings.Repeat("*200000\r\n", 100),
		"deep":                  deep,
		"a line without an end": "+" + strings.Repeat("x", 4<<20),
		"a negative text":       "$-2\r\n",
		"a negative list":       "*-9223372036854775808\r\n",
		"a map":                 "%268435456\r\n",
		"a set":                 "~268435456\r\n",
		"an attribute":          "|268435456\r\n",
		"deep attributes":       strings.Repeat("|1\r\n", 1<<20),
		"a long error":          "!1073741824\r\n",
		"a long number":         "(" + strings.Repeat("9", 4<<20) + "\r\n",
		"a push":                ">268435456\r\n",
		"nothing":               "\r\n",
		"blank lines":           strings.Repeat("\r\n", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			for _, before := range []string{"", hello, hello + next, hello + next + "+OK\r\n", greeted, greeted + "+OK\r\n", greeted + "+OK\r\n:1\r\n:1\r\n"} {
				for _, topology := range []triggers.Topology{triggers.Single, triggers.Sentinel, triggers.Cluster} {
					was := allocated()
					measureScript(t, topology, before+answer)
					if n := allocated() - was; n > 128<<20 {
						t.Errorf("%d MB for %d bytes", n>>20, len(before+answer))
					}
				}
			}
		})
	}
}

func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// measureScript measures every queue, twice, and then puts jobs in and empties it,
// at servers that are scripts, and checks what comes of it.
func measureScript(t *testing.T, topology triggers.Topology, scripts ...string) {
	t.Helper()
	said := strings.Join(scripts, "")
	tech := scripted(scripts...)
	queues := every(topology)
	m := tech.Meter(tech.Place(queues[0]), queues[0])
	defer m.Close()
	ask := &broker.Ask{Backlogs: queues, Alone: true}
	for range 2 {
		readings := make([]broker.Reading, len(queues))
		_, err := m.Measure(t.Context(), ask, readings)
		checkWords(t, err)
		for i, r := range readings {
			checkWords(t, r.Err)
			texttest.Clean(t, r.Type)
			switch digits := strconv.FormatFloat(r.N, 'f', 0, 64); {
			case err != nil || r.Err != nil:
			case r.N < 0 || r.N != 0 && r.N < 1e15 && !strings.Contains(said, digits):
				t.Errorf("queue %d is %v, which nobody said", i, r.N)
			case r.Type != "none" && r.Type != "stream" && counting[r.Type] == "":
				t.Errorf("queue %d is of type %q", i, r.Type)
			}
		}
		card := m.Describe()
		texttest.Clean(t, card)
		texttest.Hides(t, card, secret)
	}
	w, err := tech.Writer(queues[0])
	if err != nil {
		checkWords(t, err)
		return
	}
	defer w.Close()
	const n = 250
	jobs := make([]string, n)
	for i := range jobs {
		jobs[i] = "job"
	}
	did := w.Push(t.Context(), &broker.Batch{To: queues[0], Side: load.Head, At: time.Unix(0, 0), Jobs: jobs})
	checkWords(t, did.Err)
	if did.Accepted < 0 || did.Unknown < 0 || did.Accepted+did.Unknown > n || did.Length < 0 || did.Err == nil && did.Unknown > 0 {
		t.Errorf("of %d jobs: %+v", n, did)
	}
	if n := w.Length(t.Context(), queues[0]); n < 0 {
		t.Errorf("the length is %d", n)
	}
	lost, err := w.(*writer).Purge(t.Context(), queues[0])
	if checkWords(t, err); lost < 0 {
		t.Errorf("%d jobs were lost", lost)
	}
}

// checkWords: an error is one line that can be shown and tells no secret.
func checkWords(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	words := []string{err.Error(), kscope.HintOf(err)}
	texttest.Clean(t, words)
	texttest.Hides(t, words, secret)
	if words[0] == "" {
		t.Error("an error without words")
	}
}

// What is measured of a script that answers as Redis does is what it says: the
// fuzzing of others begins with it.
func TestScript(t *testing.T) {
	for topology, scripts := range map[triggers.Topology][]string{
		triggers.Single: {single}, triggers.Sentinel: {greeted + "*2\r\n$8\r\n10.0.0.2\r\n$4\r\n6379\r\n", single}, triggers.Cluster: {greeted + slots + next + streamed, ""},
	} {
		tech := scripted(scripts...)
		queues := every(topology)
		m := tech.Meter(tech.Place(queues[0]), queues[0])
		readings := make([]broker.Reading, len(queues))
		_, err := m.Measure(t.Context(), &broker.Ask{Backlogs: queues, Alone: true}, readings)
		for i, want := range []float64{42, 7, 3, 5, 1} {
			if r := readings[i]; err != nil || r.N != want || r.Err != nil {
				t.Errorf("%s: queue %d is %+v, want %v (%v)", topology, i, r, want, err)
			}
		}
		m.Close()
	}
}

const (
	streams  = ":7\r\n*4\r\n:3\r\n$1\r\na\r\n$1\r\nb\r\n*0\r\n*1\r\n*4\r\n$4\r\nname\r\n$1\r\ng\r\n$3\r\nlag\r\n:5\r\n"
	streamed = ":42\r\n" + streams + ":1\r\n" // of databases that nobody selects
	single   = greeted + "+OK\r\n:42\r\n" + streams + "+OK\r\n:1\r\n"
	slots    = "*1\r\n*3\r\n:0\r\n:16383\r\n*3\r\n$8\r\n10.0.0.1\r\n:1\r\n$1\r\nx\r\n"
	taken    = "+PONG\r\n" + next + ":100\r\n:200\r\n:250\r\n" + next + ":250\r\n" + next + "+list\r\n" + next + "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:250\r\n:1\r\n"
)

// FuzzAnswers: whatever servers, sentinels and nodes of a cluster answer, is a
// number that they said or words that can be shown.
func FuzzAnswers(f *testing.F) {
	for _, s := range [][3]string{
		{single, greeted + taken, "-ERR unknown command\r\n" + next + "+OK\r\n" + next + "+OK\r\n-ERR unknown command\r\n" + taken},
		{greeted + "+OK\r\n-WRONGTYPE x\r\n" + streams + "+OK\r\n:-1\r\n" + next + "+OK\r\n+zset\r\n" + next + "+OK\r\n:9\r\n", greeted + "+PONG\r\n" + next + "-READONLY x\r\n", ""},
		{"-WRONGPASS invalid username-password pair " + secret + "\r\n-NOAUTH\r\n", "-ERR \x1b[31m" + secret + "\r\n", ""},
		{greeted + "*2\r\n$8\r\n10.0.0.2\r\n$4\r\n6379\r\n", single, greeted + taken},
		{greeted + "*2\r\n$9\r\n\x1b]2;" + secret[:3] + "\x07\r\n\r\n$1\r\n1\r\n", single, ""},
		{greeted + slots + next + ":42\r\n:7\r\n-MOVED 1 10.0.0.1:2\r\n-ASK 1 \x1b:2\r\n:1\r\n" + next + ":1\r\n", greeted + ":1\r\n", greeted + taken},
		{hello + next + "+OK\r\n*2\r\n$7\r\nversion\r\n$16\r\n" + secret + "\r\n+OK\r\n:-5\r\n:-5\r\n*4\r\n:-3\r\n$-1\r\n$-1\r\n*-1\r\n*0\r\n", "", ""},
	} {
		for topology := range byte(3) {
			f.Add(topology, []byte(s[0]), []byte(s[1]), []byte(s[2]))
		}
	}
	f.Fuzz(func(t *testing.T, topology byte, one, two, more []byte) {
		of := []triggers.Topology{triggers.Single, triggers.Sentinel, triggers.Cluster}[topology%3]
		measureScript(t, of, string(one), string(two), string(more))
	})
}

// reading is a connection of which only reading is of interest.
type reading struct {
	io.Reader
	net.Conn
}

func (r reading) Read(b []byte) (int, error) { return r.Reader.Read(b) }

// FuzzReplies: an answer is bounded alike in whatever pieces it comes.
func FuzzReplies(f *testing.F) {
	for _, s := range []string{"+OK\r\n:1\r\n$3\r\nabc\r\n*2\r\n*0\r\n$-1\r\n", "*1\r\n*1\r\n-x\r\n\r\n", "$1\r\n\n\r\n+\r\n", "*3\r\n:1\r\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		one := bound(reading{Reader: bytes.NewReader(b)})
		atOnce, err := io.ReadAll(one)
		slowly, again := io.ReadAll(bound(reading{Reader: iotest.OneByteReader(bytes.NewReader(b))}))
		if !errors.Is(again, err) || err == nil && (!bytes.Equal(atOnce, b) || !bytes.Equal(slowly, b)) {
			t.Errorf("at once %v, in pieces %v", err, again)
		}
		r := one.(*bounded).replies
		if len(r.open) > maxDepth || r.elements > maxElements || r.text > maxText+2 {
			t.Errorf("it holds %+v", r)
		}
	})
}
