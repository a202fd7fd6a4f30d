package redisd

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// parser reads commands as Redis does: arrays of bulk strings, or lines of words.
// It holds no more than has come and no more than the limits, whatever lengths
// are announced.
type parser struct {
	r *bufio.Reader
	// held is told how many bytes more of a command have come, or that all have
	// been given up; nil tells nobody.
	held func(bytes int)
}

// protocolError ends a connection, with the words of Redis.
type protocolError string

func (e protocolError) Error() string { return "ERR Protocol error: " + string(e) }

// next gives the next command, at least one word, and what it weighs in bytes.
// The error is a protocolError or one of reading.
func (p *parser) next() (args []string, size int, err error) {
	for {
		first, err := p.r.Peek(1)
		if err != nil {
			return nil, 0, err
		}
		if first[0] == '*' {
			args, size, err = p.array()
		} else {
			args, err = p.inline()
			for _, word := range args {
				size += len(word)
			}
			p.hold(size)
		}
		if err != nil || len(args) > 0 {
			return args, size, err
		}
	}
}

func (p *parser) hold(bytes int) {
	if p.held != nil {
		p.held(bytes)
	}
}

// line reads to the end of a line, which is not part of it.
func (p *parser) line(limit int, tooLong protocolError) (string, error) {
	var long []byte
	for {
		part, err := p.r.ReadSlice('\n')
		if len(long)+len(part) > limit {
			return "", tooLong
		}
		if err == nil && long == nil {
			return strings.TrimSuffix(string(part[:len(part)-1]), "\r"), nil
		}
		long = append(long, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case err != nil:
			return "", err
		default:
			return strings.TrimSuffix(string(long[:len(long)-1]), "\r"), nil
		}
	}
}

// perArgument is what an argument weighs beside its bytes.
const perArgument = 16

func (p *parser) array() (args []string, size int, err error) {
	head, err := p.line(maxInline, "too big mbulk count string")
	if err != nil {
		return nil, 0, err
	}
	n, err := strconv.Atoi(head[1:])
	if err != nil || n > maxArgs {
		return nil, 0, protocolError("invalid multibulk length")
	}
	if n > 0 {
		args = make([]string, 0, min(n, 1024))
	}
	for range n {
		head, err := p.line(maxInline, "too big bulk count string")
		if err != nil {
			return nil, size, err
		}
		if head == "" || head[0] != '$' {
			return nil, size, protocolError(fmt.Sprintf("expected '$', got '%s'", printable(head)))
		}
		length, err := strconv.Atoi(head[1:])
		if err != nil || length < 0 || length > maxBulk {
			return nil, size, protocolError("invalid bulk length")
		}
		if size+length+perArgument > maxCommand {
			return nil, size, protocolError("too much in one command")
		}
		word, err := p.bulk(length)
		if err != nil {
			return nil, size, err
		}
		p.hold(perArgument)
		size += length + perArgument
		args = append(args, word)
	}
	return args, size, nil
}

// printable is the first character of what was found, for the text of an error.
func printable(head string) string {
	if head == "" || head[0] < ' ' || head[0] > '~' {
		return " "
	}
	return head[:1]
}

// piece is how much of a long argument is taken at once, so that memory follows
// what has come and not what has been announced.
const piece = 64 << 10

func (p *parser) bulk(length int) (string, error) {
	if whole := length + 2; whole <= p.r.Size() {
		b, err := p.r.Peek(whole)
		if err != nil {
			return "", err
		}
		word := string(b[:length])
		_, _ = p.r.Discard(whole) // it is there
		p.hold(length)
		return word, nil
	}
	var buf bytes.Buffer
	for left := length; left > 0; {
		n, err := io.CopyN(&buf, p.r, int64(min(left, piece)))
		if err != nil {
			return "", err
		}
		p.hold(int(n))
		left -= int(n)
	}
	_, err := p.r.Discard(2)
	return buf.String(), err
}

func (p *parser) inline() ([]string, error) {
	line, err := p.line(maxInline, "too big inline request")
	if err != nil {
		return nil, err
	}
	args, ok := words(line)
	if !ok {
		return nil, protocolError("unbalanced quotes in request")
	}
	return args, nil
}

// words splits a line as redis-cli and the server do: at blanks, but not within
// quotes, of which the double ones know escapes.
func words(line string) (args []string, ok bool) {
	for {
		line = strings.TrimLeft(line, " \t\r\v\f\x00")
		if line == "" {
			return args, true
		}
		var word []byte
		for line != "" && !strings.ContainsRune(" \t\r\v\f\x00", rune(line[0])) {
			quote := line[0]
			if quote != '"' && quote != '\'' {
				word, line = append(word, quote), line[1:]
				continue
			}
			var inside []byte
			if inside, line, ok = quoted(line[1:], quote); !ok {
				return nil, false
			}
			if word = append(word, inside...); word == nil {
				word = []byte{}
			}
			if line != "" && !strings.ContainsRune(" \t\r\v\f\x00", rune(line[0])) {
				return nil, false // a closing quote ends the word
			}
		}
		args = append(args, string(word))
	}
}

// quoted reads up to the closing quote.
func quoted(s string, quote byte) (inside []byte, rest string, ok bool) {
	for s != "" {
		switch {
		case s[0] == quote:
			return inside, s[1:], true
		case quote == '"' && len(s) >= 4 && s[0] == '\\' && s[1] == 'x' && isHex(s[2:4]):
			n, _ := strconv.ParseUint(s[2:4], 16, 8)
			inside, s = append(inside, byte(n)), s[4:]
		case quote == '"' && len(s) >= 2 && s[0] == '\\':
			c := s[1]
			if i := strings.IndexByte("nrtba", c); i >= 0 {
				c = "\n\r\t\b\a"[i]
			}
			inside, s = append(inside, c), s[2:]
		case quote == '\'' && strings.HasPrefix(s, `\'`):
			inside, s = append(inside, '\''), s[2:]
		default:
			inside, s = append(inside, s[0]), s[1:]
		}
	}
	return nil, "", false
}

func isHex(s string) bool {
	_, err := strconv.ParseUint(s, 16, 8)
	return err == nil && s[0] != '+' && s[0] != '-'
}
