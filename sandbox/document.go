package sandbox

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	yamlnode "go.yaml.in/yaml/v3"

	"github.com/kscope/kscope"
)

// document is one object of a file, with what is needed to say in which line
// something stands.
type document struct {
	file   string
	line   int // of its first line in the file, from 1
	json   []byte
	root   *yamlnode.Node // nil where nothing is known of the lines in it
	before int            // lines of the file before that from which root counts
	dumped bool           // an API server has written it: it is right, and its status counts
}

func placed(name string, line int, text, hint string) error {
	err := fmt.Errorf("%s:%d: %s", kscope.Clean(name), line, kscope.Clean(strings.TrimSpace(text)))
	if hint == "" {
		return err
	}
	return &kscope.Trouble{Cause: err, Hint: hint}
}

var placeIn = regexp.MustCompile(`:(\d+): `)

// lineIn is the line that an error of a file names, 0 for none.
func lineIn(err error) int {
	m := placeIn.FindStringSubmatch(err.Error())
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(m[1])
	return n
}

// problem is why an object is refused.
type problem struct {
	path string // as in spec.triggers[0].type; "" for the object as a whole
	text string
	hint string
}

func (d document) refuse(who string, p problem) error {
	return placed(d.file, d.lineOf(p.path), who+": "+p.text, p.hint)
}

func (d document) place() string { return fmt.Sprintf("%s:%d", d.file, d.line) }

var step1 = regexp.MustCompile(`^\.?(?:([^.\[\]]+)|\[(\d+)\]|\[([^\]]+)\])`)

// lineOf is the line of a field, or of the innermost part of its path that
// there is.
func (d document) lineOf(path string) int {
	line := d.line
	node := d.root
	for node != nil && path != "" {
		m := step1.FindStringSubmatch(path)
		if m == nil {
			break
		}
		path = path[len(m[0]):]
		var at int
		if node, at = child(node, m[1]+m[3], m[2]); node != nil {
			line = at + d.before
		}
	}
	return line
}

// child is a part of a node and the line at which it begins.
func child(node *yamlnode.Node, key, index string) (*yamlnode.Node, int) {
	if node.Kind == yamlnode.AliasNode {
		node = node.Alias
	}
	switch node.Kind {
	case yamlnode.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == key && index == "" {
				return node.Content[i+1], node.Content[i].Line
			}
		}
	case yamlnode.SequenceNode:
		if n, err := strconv.Atoi(index); err == nil && n < len(node.Content) {
			return node.Content[n], node.Content[n].Line
		}
	}
	return nil, 0
}

// unreadable is where a text has the first byte that is no UTF-8, or a control
// character that YAML does not take; -1 where there is none.
func unreadable(text []byte) int {
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n == 1 || r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0x7f {
			return i
		}
		i += n
	}
	return -1
}

// nextDocument is where the next document begins after so many lines of a text; at its
// end where none does.
func nextDocument(text []byte, lines int) int {
	at := max(afterLines(text, lines)-1, 0)
	next := marker.FindIndex(text[at:])
	if next == nil {
		return len(text)
	}
	return at + next[0] + 1
}

// afterLines is where so many lines of a text end.
func afterLines(text []byte, lines int) (at int) {
	for ; lines > 0 && at < len(text); lines-- {
		end := bytes.IndexAny(text[at:], "\r\n")
		if end < 0 {
			return len(text)
		}
		if at += end + 1; text[at-1] == '\r' && at < len(text) && text[at] == '\n' {
			at++
		}
	}
	return at
}
