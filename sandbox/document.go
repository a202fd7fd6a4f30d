package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	yamlnode "go.yaml.in/yaml/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kscope/kscope"
)

// Place is where something stands in a file.
type Place struct {
	File         string // as it was named, or found in a directory that was
	Line, Column int    // from 1, in characters
}

// Refusal is what is wrong at a place of a file. Its error names the line.
type Refusal struct {
	Place
	Of   kscope.ObjectRef // of no kind where it is of no object, of no name where that is not known
	Text string
}

func (r *Refusal) Error() string {
	who := ""
	if r.Of.Kind != "" {
		who = naming(r.Of) + ": "
	}
	return fmt.Sprintf("%s:%d: %s", kscope.Clean(r.File), r.Line, who+r.Text)
}

// document is one object of a file, with what is needed to say where something
// stands in it.
type document struct {
	file         string
	line, column int // of its beginning in the file, from 1
	json         []byte
	dumped       bool           // an API server has written it: it is right, and its status counts
	root         *yamlnode.Node // nil where nothing is known of the lines in it
	before       int            // lines of the file before that from which root counts

	text   []byte // from the line on in which the document begins
	start  int    // the number of that line
	shift  int    // characters of that line that are no part of it
	within string // path of the object in it: of an item of a list
}

// origin is as much of a document as it takes to say later where something stands:
// what was read of it takes many times as much.
func (d document) origin() document {
	d.json, d.root = nil, nil
	return d
}

// parsed is the root of a document that was read before, and the lines before that
// from which it counts.
func (d document) parsed() (*yamlnode.Node, int) {
	var root yamlnode.Node
	if d.root != nil || d.text == nil {
		return d.root, d.before
	}
	if err := yamlnode.NewDecoder(bytes.NewReader(d.text)).Decode(&root); err != nil || len(root.Content) == 0 {
		return nil, 0
	}
	return root.Content[0], d.start - 1
}

func placed(name string, line int, text, hint string) error {
	return placedAt(Place{name, line, 1}, text, hint)
}

func placedAt(p Place, text, hint string) error {
	return placedOf(kscope.ObjectRef{}, p, text, hint)
}

func placedOf(of kscope.ObjectRef, p Place, text, hint string) error {
	err := &Refusal{p, cleaned(of), kscope.Clean(strings.TrimSpace(text))}
	if hint == "" {
		return err
	}
	return &kscope.Trouble{Cause: err, Hint: hint}
}

// lineIn is the line that an error of a file names, 0 for none.
func lineIn(err error) int {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r.Line
	}
	return 0
}

// problem is why an object is refused.
type problem struct {
	path string // as in spec.triggers[0].type; "" for the object as a whole
	text string
	hint string
}

func (d document) refuse(of kscope.ObjectRef, p problem) error {
	return placedOf(of, d.at(p.path), p.text, p.hint)
}

// refusals are all that is wrong with one object.
type refusals []error

func (r refusals) Error() string { return r[0].Error() }

func allOf(err error) []error {
	if all, ok := errors.AsType[refusals](err); ok {
		return all
	}
	return []error{err}
}

func (d document) refuseAll(of kscope.ObjectRef, all []problem) error {
	var out refusals
	for _, p := range all[:min(len(all), mostWrong)] {
		out = append(out, d.refuse(of, p))
	}
	return out
}

// called is an object of a kind as it calls itself, as far as that can be read.
func (d document) called(kind string) kscope.ObjectRef {
	var head struct {
		Metadata struct{ Name, Namespace any }
	}
	_ = json.Unmarshal(d.json, &head)
	var m metav1.ObjectMeta
	m.Name, _ = head.Metadata.Name.(string)
	m.Namespace, _ = head.Metadata.Namespace.(string)
	place(&m, namespacedKind(kind))
	if m.Name == "" {
		return kscope.ObjectRef{Kind: kind}
	}
	return kscope.ObjectRef{Kind: kind, Namespace: m.Namespace, Name: m.Name}
}

func (d document) place() string { return fmt.Sprintf("%s:%d", d.file, d.line) }

var step1 = regexp.MustCompile(`^\.?(?:([^.\[\]]+)|\[(\d+)\]|\[([^\]]+)\])`)

// at is where a field stands, or the innermost part of its path that there is.
func (d document) at(path string) Place {
	p := Place{d.file, d.line, d.column}
	node, before := d.parsed()
	if d.root == nil && d.within != "" {
		path = strings.TrimSuffix(d.within+"."+path, ".")
	}
	for node != nil && path != "" {
		m := step1.FindStringSubmatch(path)
		if m == nil {
			break
		}
		path = path[len(m[0]):]
		var begin *yamlnode.Node
		if node, begin = child(node, m[1]+m[3], m[2]); node != nil {
			p.Line, p.Column = begin.Line+before, begin.Column
			if p.Line == d.start {
				p.Column += d.shift
			}
		}
	}
	return p
}

// child is a part of a node, and what begins it: its key, where it has one.
func child(node *yamlnode.Node, key, index string) (part, begin *yamlnode.Node) {
	if node.Kind == yamlnode.AliasNode {
		node = node.Alias
	}
	switch node.Kind {
	case yamlnode.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == key && index == "" {
				return node.Content[i+1], node.Content[i]
			}
		}
	case yamlnode.SequenceNode:
		if n, err := strconv.Atoi(index); err == nil && n < len(node.Content) {
			return node.Content[n], node.Content[n]
		}
	}
	return nil, nil
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

// setTwice is the second of two keys of one name in a map; nil for none. What is merged
// into a map may be set again in it.
func setTwice(n *yamlnode.Node, seen map[string]bool) *yamlnode.Node {
	for i, c := range n.Content {
		if n.Kind == yamlnode.MappingNode && i%2 == 0 {
			if i == 0 {
				clear(seen)
			}
			if name := c.Tag + c.Value; c.Kind == yamlnode.ScalarNode && c.Tag != "!!merge" {
				if seen[name] {
					return c
				}
				seen[name] = true
			}
		}
	}
	for _, c := range n.Content {
		if key := setTwice(c, seen); key != nil {
			return key
		}
	}
	return nil
}
