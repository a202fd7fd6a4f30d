package sandbox

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	yamlnode "go.yaml.in/yaml/v3"
	"sigs.k8s.io/yaml"

	"github.com/kscope/kscope"
)

// document is one object of a file, with what is needed to say in which line
// something stands.
type document struct {
	file string
	line int // of its first line in the file, from 1
	json []byte
	root *yamlnode.Node
}

// documents splits a file at its "---" lines. Documents that say nothing are
// left out.
func (f file) documents() ([]document, error) {
	var out []document
	var text []byte
	first, n := 1, 0
	flush := func() error {
		d, ok, err := parse(f.name, first, text)
		if ok {
			out = append(out, d)
		}
		text = nil
		return err
	}
	for line := range bytes.Lines(f.text) {
		n++
		if isSeparator(line) {
			if err := flush(); err != nil {
				return nil, err
			}
			first = n + 1
			continue
		}
		text = append(text, line...)
	}
	return out, flush()
}

func isSeparator(line []byte) bool {
	rest, ok := bytes.CutPrefix(line, []byte("---"))
	if !ok {
		return false
	}
	rest = bytes.TrimSpace(rest)
	return len(rest) == 0 || rest[0] == '#'
}

func parse(name string, first int, text []byte) (d document, ok bool, err error) {
	j, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		return document{}, false, syntaxError(name, first, err)
	}
	if string(j) == "null" {
		return document{}, false, nil
	}
	d = document{file: name, line: first, json: j, root: &yamlnode.Node{}}
	if err := yamlnode.Unmarshal(text, d.root); err != nil {
		return document{}, false, syntaxError(name, first, err)
	}
	if len(d.root.Content) > 0 {
		d.line += d.root.Content[0].Line - 1 // past comments and blank lines
	}
	return d, true, nil
}

var (
	lineNumber = regexp.MustCompile(`line (\d+): `)
	preamble   = regexp.MustCompile(`^(error converting YAML to JSON: |yaml: |unmarshal errors:\s*)+`)
)

// syntaxError is an error of the YAML library in one line, with the line of the
// file instead of that of the document.
func syntaxError(name string, first int, err error) error {
	text, _, _ := strings.Cut(preamble.ReplaceAllString(err.Error(), ""), "\n")
	line := first
	if m := lineNumber.FindStringSubmatch(text); m != nil {
		n, _ := strconv.Atoi(m[1])
		line += n - 1
		text = strings.Replace(text, m[0], "", 1)
	}
	hint := ""
	switch {
	case strings.Contains(text, "already set in map"):
		hint = "one of the two has to go"
	case strings.Contains(text, "tab character"), strings.Contains(text, "cannot start any token"):
		hint = "YAML is indented with blanks, never with tabs"
	}
	return placed(name, line, text, hint)
}

func placed(name string, line int, text, hint string) error {
	err := fmt.Errorf("%s:%d: %s", name, line, strings.TrimSpace(text))
	if hint == "" {
		return err
	}
	return &kscope.Trouble{Cause: err, Hint: hint}
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
	if d.root == nil || len(d.root.Content) == 0 {
		return d.line
	}
	node := d.root.Content[0]
	offset := d.line - node.Line
	line := node.Line
	for path != "" {
		m := step1.FindStringSubmatch(path)
		if m == nil {
			break
		}
		path = path[len(m[0]):]
		var at int
		node, at = child(node, m[1]+m[3], m[2])
		if node == nil {
			break
		}
		line = at
	}
	return line + offset
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
