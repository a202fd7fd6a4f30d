package main

import (
	"errors"
	"io"
	"slices"
	"sync"
	"syscall"
	"time"
)

// The bounds of a paste. The terminal says where it begins and where it ends, and
// everything between is text, ^C included: one whose end never comes would take
// every key. So it also ends when nothing of it came for a while: pasteGap, or
// typedGap once it has lasted longLasting, since somebody is typing by then; and at
// a ^C that comes alone, typedGap after the rest, as only a key does.
const (
	pasteGap    = time.Second
	longLasting = 5 * time.Second
	typedGap    = 100 * time.Millisecond
	pasteMost   = 1 << 20 // bytes of it that are kept
)

const (
	pasteBegins = "\x1b[200~"
	pasteEnds   = "\x1b[201~"
)

// file is a terminal's input, as it has to be to be read from until told
// otherwise.
type file interface {
	io.ReadWriteCloser
	Fd() uintptr
	Name() string
}

// pastes is a terminal's input in which every paste ends. It is read by one goroutine,
// and by another what that one does not come to, see heard.
type pastes struct {
	file
	now   func() time.Time
	typed func([]byte) // told of what is no paste, before anybody else sees it
	gone  func()       // told that the terminal is there no more; nil for nobody

	mu    sync.Mutex  // over all that follows
	keys  []byte      // that came last
	alone *time.Timer // runs from a ^C in a paste of which nothing has come since

	in          bool // a paste
	known       bool // to who reads: it has the beginning of one, and no end
	began, last time.Time
	size        int    // of it, in bytes
	matched     int    // bytes of the sequence that is awaited
	apart       bool   // not all of those were read: some were heard
	late        string // the rest of an end that was completed for it, should it come yet
}

// endPastes bounds the pastes of an input.
func endPastes(in file, typed func([]byte)) *pastes {
	return &pastes{file: in, now: time.Now, typed: typed}
}

// Read gives what was typed and pasted. What it adds to that always fits, since
// nobody would ask for the rest before the next key.
func (p *pastes) Read(b []byte) (int, error) {
	room := max((len(b)-2*len(pasteEnds))/2, 1)
	raw := make([]byte, min(room, len(b)))
	n, err := p.file.Read(raw)
	if n <= 0 {
		if p.gone != nil && (errors.Is(err, io.EOF) || errors.Is(err, syscall.EIO)) {
			p.gone()
		}
		return 0, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.goesOn()
	if len(b) < 3*len(pasteEnds) {
		p.typed(raw[:n])
		return copy(b, raw[:n]), err
	}
	out := b[:0]
	if p.known && !p.in { // its end was heard, and not read
		out, p.known = append(out, pasteEnds...), false
	}
	out = p.bound(out, raw[:n])
	if len(p.keys) > 0 {
		p.typed(p.keys)
	}
	if key := lastCtrlC(raw[:n]); p.in && key != nil { // a key after all, if it was the last
		p.alone = time.AfterFunc(typedGap, func() { p.typed(key) })
	}
	return len(out), err
}

// goesOn is that more comes: a ^C that came last was not alone.
func (p *pastes) goesOn() {
	if p.alone != nil {
		p.alone.Stop()
		p.alone = nil
	}
}

// heard takes what came and nobody reads, since the screen stands still, and gives the
// keys of it. A paste that begins in it is nobody's: the rest is not read either.
func (p *pastes) heard(came []byte) (keys []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.goesOn()
	known := p.known
	p.bound(nil, came)
	p.known, p.apart = known, p.matched > 0 // who reads has heard nothing of it
	return slices.Clone(p.keys)
}

// bound appends to out what came in, with the ends that are missing.
func (p *pastes) bound(out, came []byte) []byte {
	now := p.now()
	gap := now.Sub(p.last)
	if p.in && (gap >= pasteGap || gap >= typedGap && (now.Sub(p.began) >= longLasting || isCtrlC(came))) {
		out = p.end(out)
	}
	p.last, p.keys = now, p.keys[:0]
	read := len(out)
	for _, c := range came {
		if p.late != "" && c == p.late[0] {
			p.late = p.late[1:]
			continue
		}
		p.late = ""
		awaited := pasteBegins
		if p.in {
			awaited = pasteEnds
		}
		switch c {
		case awaited[p.matched]:
			p.matched++
		case awaited[0]:
			p.matched, p.apart = 1, false
		default:
			p.matched, p.apart = 0, false
		}
		if !p.in {
			p.keys = append(p.keys, c)
		}
		over := p.in && p.size >= pasteMost
		if p.in {
			p.size++
		}
		if !over && (p.known || !p.in) {
			out = append(out, c)
		}
		if p.matched < len(awaited) {
			continue
		}
		switch {
		case p.in && p.known && (over || p.apart):
			out = append(out, pasteEnds...)
		case !p.in && p.apart: // what was read of the beginning is no key either
			out = out[:max(len(out)-len(awaited), read)]
		}
		p.known = !p.in && !p.apart
		p.in, p.began, p.size, p.matched, p.apart = !p.in, now, 0, 0, false
	}
	return out
}

// end ends a paste whose own end did not come, or came in part.
func (p *pastes) end(out []byte) []byte {
	rest := pasteEnds[p.matched:]
	if p.matched > 0 {
		p.late = rest
	}
	if p.size > pasteMost || p.apart { // what came of it was not handed on
		rest = pasteEnds
	}
	if !p.known {
		rest = ""
	}
	p.in, p.known, p.size, p.matched, p.apart = false, false, 0, 0, false
	return append(out, rest...)
}
