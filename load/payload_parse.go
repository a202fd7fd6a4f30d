package load

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/kscope/kscope"
)

const (
	maxPayload = 64 << 10  // of the text
	maxSize    = 512 << 10 // of a job: what Redis takes as a matter of course
	maxRandom  = 1024
)

// PayloadError is what is wrong with the text of a payload, and where.
type PayloadError struct {
	At   int // which character it is at, counted from 1
	What string
}

func (e *PayloadError) Error() string { return fmt.Sprintf("at character %d: %s", e.At, e.What) }

// ParsePayload reads the text of a payload. Its errors are of type
// [*PayloadError].
func ParsePayload(text string) (*Payload, error) {
	p := &Payload{text: text}
	switch {
	case text == "":
		return nil, &PayloadError{1, "the payload is empty"}
	case len(text) > maxPayload:
		return nil, &PayloadError{utf8.RuneCountInString(text[:maxPayload]) + 1, "the payload is longer than 64 kB"}
	}
	sized := false
	for at, from := 0, 0; ; {
		i := strings.IndexByte(text[at:], '{')
		if i < 0 {
			p.add(part{text: text[from:]})
			return p, nil
		}
		open := at + i
		next := byte(0)
		if open+1 < len(text) {
			next = text[open+1]
		}
		switch {
		case next == '{' && open+2 < len(text) && isLower(text[open+2]):
			p.add(part{text: text[from : open+1]})
			at, from = open+2, open+2
			continue
		case !isLower(next):
			at = open + 1
			continue
		}
		wrong := func(what string) error {
			return &PayloadError{utf8.RuneCountInString(text[:open]) + 1, what}
		}
		inside, _, closed := strings.Cut(text[open+1:], "}")
		if !closed {
			return nil, wrong("the brace is not closed; one that is meant so is written {{")
		}
		one, err := parsePart(inside)
		if err == nil && one.name == "size" && sized {
			err = errors.New("{size} is there twice")
		}
		if err != nil {
			return nil, wrong(err.Error())
		}
		sized = sized || one.name == "size"
		p.add(part{text: text[from:open]})
		p.add(one)
		at = open + 1 + len(inside) + 1
		from = at
	}
}

func isLower(c byte) bool { return c >= 'a' && c <= 'z' }

func (p *Payload) add(one part) {
	if one.name == "" && one.text == "" {
		return
	}
	if p.least += len(one.text); one.name == "rand" {
		p.least += one.n
	}
	p.parts = append(p.parts, one)
}

// parsePart reads what stands between braces.
func parsePart(s string) (part, error) {
	name, arg, has := strings.Cut(s, ":")
	one := part{name: name}
	most := map[string]int{"id": 0, "seq": 0, "time": 0, "unixms": 0, "rand": maxRandom, "size": maxSize}
	limit, known := most[name]
	switch {
	case !known:
		return one, fmt.Errorf("there is no {%.40s}: want %s, or {{ for a brace", kscope.Clean(s), PayloadUsage)
	case limit == 0 && has:
		return one, fmt.Errorf("{%s} takes no number", name)
	case limit == 0:
		return one, nil
	case !has && name == "rand":
		one.n = 8
		return one, nil
	}
	unit := 1
	if strings.HasSuffix(arg, "k") {
		arg, unit = arg[:len(arg)-1], 1024
	}
	n, err := strconv.Atoi(arg)
	if err != nil || n < 1 || n > limit/unit {
		return one, fmt.Errorf("{%.40s}: want a number of bytes from 1 to %d", kscope.Clean(s), limit)
	}
	one.n = n * unit
	return one, nil
}
