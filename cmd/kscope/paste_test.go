package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"
)

// Whatever comes in whatever pieces: what is between the marks stays between
// marks, and every paste ends.
func TestPastesEnd(t *testing.T) {
	type piece struct {
		after time.Duration
		text  string
	}
	const b, e = pasteBegins, pasteEnds
	long := strings.Repeat("x", pasteMost)
	for _, tt := range []struct {
		name   string
		pieces []piece
		want   string
	}{
		{"keys", []piece{{0, "ab"}, {time.Hour, "q\x03\x1b"}}, "abq\x03\x1b"},
		{"a paste", []piece{{0, b + "text" + e + "q"}}, b + "text" + e + "q"},
		{"in pieces", []piece{{0, "\x1b[2"}, {0, "00~te"}, {0, "xt\x1b[20"}, {0, "1~q"}}, b + "text" + e + "q"},
		{"one that stops", []piece{{0, b + "text"}, {pasteGap, "q"}}, b + "text" + e + "q"},
		{"and its end comes late", []piece{{0, b + "text"}, {pasteGap, "more" + e + "q"}}, b + "text" + e + "more" + e + "q"},
		{"in the middle of its end", []piece{{0, b + "text\x1b[20"}, {pasteGap, "1~q"}}, b + "text" + e + "q"},
		{"at its escape", []piece{{0, b + "text\x1b"}, {pasteGap, "q"}}, b + "text" + e + "q"},
		{"a slow one", []piece{{0, b + "te"}, {pasteGap - 1, "xt"}, {pasteGap - 1, e}}, b + "text" + e},
		{"typed into", []piece{{0, b}, {900 * time.Millisecond, "q"}, {900 * time.Millisecond, "q"}, {900 * time.Millisecond, "q"}, {900 * time.Millisecond, "q"},
			{900 * time.Millisecond, "q"}, {900 * time.Millisecond, "q"}}, b + "qqqqq" + e + "q"},
		{"^C", []piece{{0, b + "text"}, {typedGap, "\x03"}, {0, "q"}}, b + "text" + e + "\x03q"},
		{"^C of kitty", []piece{{0, b + "text"}, {typedGap, "\x1b[99;5u"}, {0, "q"}}, b + "text" + e + "\x1b[99;5uq"},
		{"^C that is pasted", []piece{{0, b + "text\x03q" + e + "q"}}, b + "text\x03q" + e + "q"},
		{"alone in a piece", []piece{{0, b + "text"}, {typedGap - 1, "\x03"}, {0, "q" + e + "q"}}, b + "text\x03q" + e + "q"},
		{"after a rest, with more", []piece{{0, b + "text"}, {typedGap, "\x03\x03"}, {0, "q" + e + "q"}}, b + "text\x03\x03q" + e + "q"},
		{"nothing but ^C", []piece{{0, b + "\x03\x03\x1b[99;5u" + e}, {time.Hour, "\x03"}}, b + "\x03\x03\x1b[99;5u" + e + "\x03"},
		{"a mark within", []piece{{0, b + b + "text" + e + "q"}}, b + b + "text" + e + "q"},
		{"too long", []piece{{0, b + long + "yy" + e + "q"}}, b + long + e + "q"},
		{"much too long", []piece{{0, b + long + long}, {pasteGap, "q"}}, b + long + e + "q"},
	} {
		now := time.Unix(0, 0)
		p := &pastes{now: func() time.Time { return now }}
		var got []byte
		for _, piece := range tt.pieces {
			now = now.Add(piece.after)
			got = p.bound(got, []byte(piece.text))
		}
		if string(got) != tt.want {
			t.Errorf("%s: %.80q (%d bytes), want %.80q (%d)", tt.name, got, len(got), tt.want, len(tt.want))
		}
	}
}

// FuzzPastes: nothing is lost but what is too much, and nothing is added but ends;
// what is between the marks is no key, and whatever is not is one.
func FuzzPastes(f *testing.F) {
	f.Add([]byte("a\x1b[200~b\x03c\x1b[201~d"), byte(3))
	f.Add([]byte("\x1b[200~\x1b[200~\x03\x1b[201~\x03"), byte(15))
	f.Add([]byte("\x1b[200~\x1b[99;5u"), byte(6))
	f.Fuzz(func(t *testing.T, typed []byte, size byte) {
		now := time.Unix(0, 0)
		p := &pastes{now: func() time.Time { return now }}
		var got []byte
		for rest := typed; len(rest) > 0; {
			n := min(int(size)%16+1, len(rest))
			now = now.Add(time.Duration(n) * 100 * time.Millisecond)
			out := p.bound(nil, rest[:n])
			if len(out) > 2*n+len(pasteEnds) {
				t.Errorf("%d bytes made %d", n, len(out))
			}
			got, rest = append(got, out...), rest[n:]
		}
		whole := &pastes{now: func() time.Time { return now }}
		whole.bound(nil, typed)
		if want := outside(typed); len(typed) < pasteMost && string(whole.keys) != want {
			t.Errorf("of %q the keys are %q, want %q", typed, whole.keys, want)
		}
		without := func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(pasteEnds), nil) }
		if a, b := without(got), without(typed); len(typed) < pasteMost && len(a) > len(b) {
			t.Errorf("%q became %q", typed, got)
		}
		if now = now.Add(time.Hour); !bytes.HasSuffix(p.bound(nil, []byte("q")), []byte("q")) || p.in {
			t.Error("a paste goes on for ever")
		}
	})
}

// outside is what of an input is not in a paste, with the marks that begin one, as
// they can only be told afterwards.
func outside(typed []byte) (out string) {
	for rest := string(typed); ; {
		before, paste, found := strings.Cut(rest, pasteBegins)
		if out += before; !found {
			return out
		}
		out += pasteBegins
		if _, rest, found = strings.Cut(paste, pasteEnds); !found {
			return out
		}
	}
}

// typing is a keyboard that sends what comes on a channel.
type typing struct {
	*os.File
	keys chan string
}

func (k typing) Read(b []byte) (int, error) { return copy(b, <-k.keys), nil }

// A ^C that follows a paste without end at once, and is followed by nothing, is a
// key; one that is in the middle is none.
func TestCtrlCAfterAPasteWithoutEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var typed []string
		in := typing{keys: make(chan string)}
		p := endPastes(in, func(b []byte) { typed = append(typed, string(b)) })
		go func() {
			b := make([]byte, 1<<10)
			for n, _ := p.Read(b); n > 0; n, _ = p.Read(b) {
			}
		}()
		for _, text := range []string{pasteBegins + "text", "\x03", "more" + pasteEnds} {
			in.keys <- text
		}
		time.Sleep(time.Hour)
		synctest.Wait() // the clock has moved, and whom it woke has acted
		if got := strings.Join(typed, "|"); got != pasteBegins {
			t.Errorf("of a paste the keys are %q", got)
		}
		for _, pieces := range [][]string{{pasteBegins + "text", "\x1b[99;5u"}, {pasteBegins + "text\x1b[99;5u"}} { // read one by one, or at once
			typed = nil
			for _, text := range pieces {
				in.keys <- text
			}
			time.Sleep(typedGap + time.Millisecond)
			synctest.Wait()
			if got := strings.Join(typed, "|"); got != pasteBegins+"|\x1b[99;5u" {
				t.Errorf("after a paste without end the keys are %q", got)
			}
			in.keys <- pasteEnds
		}
		in.keys <- ""
	})
}

// keyTaker is a program that ends at q, and counts.
type keyTaker struct{ pasted *atomic.Int64 }

func (k keyTaker) Init() tea.Cmd  { return nil }
func (k keyTaker) View() tea.View { return tea.NewView("") }
func (k keyTaker) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.PasteMsg:
		k.pasted.Add(int64(len(msg.Content)))
	case tea.KeyPressMsg:
		if msg.String() == "q" {
			return k, tea.Quit
		}
	}
	return k, nil
}

// A paste that never ends takes no keys from a real program for longer.
func TestProgramOutlivesAPaste(t *testing.T) {
	in, keyboard, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = in.Close(), keyboard.Close() }()
	var clock atomic.Int64
	var interrupted atomic.Bool
	input := endPastes(in, func(b []byte) {
		if slices.ContainsFunc(ctrlC, func(seq []byte) bool { return bytes.Contains(b, seq) }) {
			interrupted.Store(true)
		}
	})
	input.now = func() time.Time { return time.Unix(0, clock.Add(int64(2*pasteGap))) } // the next read is long after
	var pasted atomic.Int64
	p := tea.NewProgram(keyTaker{&pasted}, tea.WithInput(input), tea.WithOutput(&bytes.Buffer{}), tea.WithoutSignals(), tea.WithWindowSize(80, 24))
	done := make(chan error, 1)
	go func() {
		_, err := p.Run()
		done <- err
	}()
	if _, err := keyboard.WriteString(pasteBegins + "\x03\x03\x1b[99;5u" + pasteEnds); err != nil {
		t.Fatal(err)
	}
	if _, err := keyboard.WriteString(pasteBegins + "text"); err != nil {
		t.Fatal(err)
	}
	keys := time.NewTicker(5 * time.Millisecond) // of which no more may wait than can be read on a busy machine
	defer keys.Stop()
	for ; pasted.Load() == 0; <-keys.C { // it has not ended until the next key
		if _, err := keyboard.WriteString(" "); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := keyboard.WriteString("q"); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		p.Kill()
		t.Error("q is not taken")
	}
	if interrupted.Load() {
		t.Error("what was pasted is taken for ^C")
	}
}

// hungUp is a terminal that is there no more.
type hungUp struct {
	*os.File
	err error
}

func (h hungUp) Read([]byte) (int, error) { return 0, h.err }

// TestGoneTerminal: nobody can see a screen whose terminal is gone, whatever becomes of
// the signal that tells of it.
func TestGoneTerminal(t *testing.T) {
	for err, want := range map[error]bool{
		io.EOF: true, &os.PathError{Op: "read", Err: syscall.EIO}: true,
		&os.PathError{Op: "read", Err: syscall.EINTR}: false, os.ErrClosed: false,
	} {
		gone := false
		p := endPastes(hungUp{err: err}, func([]byte) {})
		p.gone = func() { gone = true }
		if _, got := p.Read(make([]byte, 100)); !errors.Is(got, err) || gone != want {
			t.Errorf("%v: gone is %v, want %v (%v)", err, gone, want, got)
		}
	}
}

// TestPasteHeardInParts: whichever part of what is typed and pasted is heard while the
// screen stands still, and not read, nothing that was pasted is a key to anybody, and
// whoever reads is left in no paste.
func TestPasteHeardInParts(t *testing.T) {
	const text, pasted = "ab" + pasteBegins + "iq\x03x" + pasteEnds + "cd" + pasteBegins + "q" + pasteEnds + "e", "iqx\x03"
	whole := regexp.MustCompile(`(?s)\x1b\[200~.*?\x1b\[201~`)
	for from := range len(text) + 1 {
		for to := from; to <= len(text); to++ {
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			var typed, read []byte
			p := endPastes(r, func(b []byte) { typed = append(typed, b...) })
			take := func(part string) {
				if part == "" {
					return
				}
				_, _ = w.WriteString(part)
				b := make([]byte, 256)
				n, err := p.Read(b)
				if err != nil {
					t.Fatal(err)
				}
				read = append(read, b[:n]...)
			}
			take(text[:from])
			typed = append(typed, p.heard([]byte(text[from:to]))...)
			take(text[to:])
			take("f") // and whatever comes next
			keys := whole.ReplaceAllString(string(read), "")
			if bytes.ContainsAny(typed, pasted) || strings.ContainsAny(keys, pasted) || strings.Contains(keys, pasteBegins) || !strings.HasSuffix(keys, "f") {
				t.Errorf("heard %q of it: typed %q, read %q", text[from:to], typed, read)
			}
			_, _ = r.Close(), w.Close()
		}
	}
}
