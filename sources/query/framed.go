package query

import (
	"encoding/binary"
	"net"
	"strings"
)

// framed is a connection whose answers have to be messages of PostgreSQL: a letter, and a
// length, which the driver makes room for, or breaks at, whatever it is.
type framed struct {
	net.Conn
	known bool   // the first was one to begin with
	head  []byte // of a message, as far as it came
	left  uint32 // bytes of it, to come
}

// How long a message may be: more than any number takes. Where a server cannot even start,
// it sends a text in the place of an error, which has no length.
const (
	headSize    = 5
	mostMessage = 16 << 20
	mostError   = 30000
)

func (f *framed) Read(b []byte) (int, error) {
	n, err := f.Conn.Read(b)
	for rest := b[:n]; len(rest) > 0; {
		if f.left > 0 {
			some := min(uint32(len(rest)), f.left)
			rest, f.left = rest[some:], f.left-some
			continue
		}
		some := min(headSize-len(f.head), len(rest))
		f.head, rest = append(f.head, rest[:some]...), rest[some:]
		if !f.known && !strings.ContainsRune("REvN", rune(f.head[0])) { // how to sign in, an error, another version, a notice
			return 0, errNotPostgreSQL
		}
		if f.known = true; len(f.head) < headSize {
			break
		}
		size := binary.BigEndian.Uint32(f.head[1:])
		switch isError := f.head[0] == 'E'; {
		case isError && (size < 8 || size > mostError):
			f.left = mostError
		case size < 4 || size > mostMessage:
			return 0, errNotPostgreSQL
		default:
			f.left = size - 4
		}
		f.head = f.head[:0]
	}
	return n, err
}
