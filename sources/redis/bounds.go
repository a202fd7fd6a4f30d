package redis

import (
	"bytes"
	"errors"
	"net"
	"strconv"
	"syscall"
)

// What a server may answer to one command. The client library makes room for
// whatever length it names, and goes as deep as an answer goes: with a dozen
// bytes a server could end the process. Of what is asked here the longest
// answers are the groups of a stream and the slots of a cluster.
const (
	maxLine     = 64 << 10 // bytes of a line
	maxText     = 1 << 20  // bytes of a text with a length
	maxAnswer   = 16 << 20 // bytes of all
	maxElements = 1 << 18  // values in all lists together
	maxDepth    = 8        // lists in lists
)

var (
	errNotRedis = errors.New("no answer as Redis gives it")
	errTooMuch  = errors.New("the answer is longer than any that was asked for")
)

// bounded is a connection that ends where a server answers what cannot be, or
// more than it may.
type bounded struct {
	net.Conn
	replies replies
	err     error
}

// bound bounds what is read from a connection. The client library can still ask
// the system about one that it could ask about before.
func bound(conn net.Conn) net.Conn {
	b := &bounded{Conn: conn}
	if system, ok := conn.(syscall.Conn); ok {
		return struct {
			*bounded
			syscall.Conn
		}{b, system}
	}
	return b
}

// Read reads no further once something was wrong.
func (b *bounded) Read(p []byte) (n int, err error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err = b.Conn.Read(p)
	if b.err = b.replies.pass(p[:max(n, 0)]); b.err != nil {
		return 0, b.err
	}
	return n, err
}

// replies follows RESP2, in whatever pieces it comes, and builds nothing of it.
type replies struct {
	line []byte // the beginning of one whose end has not come
	text int    // bytes still to come of a text, with its end
	open []int  // values still to come of each list, the outermost first

	elements, size int // of the answer so far
}

// pass takes what came, and fails at the first that may not be.
func (r *replies) pass(b []byte) error {
	for len(b) > 0 {
		within, n := r.text > 0, min(r.text, len(b))
		if !within {
			if n = bytes.IndexByte(b, '\n') + 1; n == 0 {
				n = len(b)
			}
		}
		if r.size += n; r.size > maxAnswer || !within && len(r.line)+n > maxLine {
			return errTooMuch
		}
		piece := b[:n]
		b = b[n:]
		switch {
		case within:
			if r.text -= n; r.text == 0 {
				r.value()
			}
		case piece[n-1] != '\n':
			r.line = append(r.line, piece...)
		default:
			if len(r.line) > 0 {
				piece = append(r.line, piece...)
				r.line = piece[:0]
			}
			if err := r.begin(piece); err != nil {
				return err
			}
		}
		if len(r.open) == 0 && r.text == 0 && len(r.line) == 0 {
			r.elements, r.size = 0, 0
		}
	}
	return nil
}

// begin takes a whole line: a value, or how long one is.
func (r *replies) begin(line []byte) error {
	head, ok := bytes.CutSuffix(line, []byte("\r\n"))
	if !ok || len(head) == 0 {
		return errNotRedis
	}
	switch head[0] {
	case '+', '-', ':':
		r.value()
		return nil
	case '$', '*':
	default:
		return errNotRedis
	}
	n, err := strconv.Atoi(string(head[1:]))
	switch {
	case errors.Is(err, strconv.ErrRange):
		return errTooMuch
	case err != nil || n < -1:
		return errNotRedis
	case n < 0 || n == 0 && head[0] == '*':
		r.value()
	case head[0] == '$':
		if n > maxText {
			return errTooMuch
		}
		r.text = n + len("\r\n")
	default:
		if len(r.open) == maxDepth || n > maxElements-r.elements {
			return errTooMuch
		}
		r.elements += n
		r.open = append(r.open, n)
	}
	return nil
}

// value notes that one value is complete, and so are the lists it was the last
// of.
func (r *replies) value() {
	for last := len(r.open) - 1; last >= 0; last-- {
		if r.open[last]--; r.open[last] > 0 {
			return
		}
		r.open = r.open[:last]
	}
}
