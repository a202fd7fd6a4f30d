package sandbox

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	yaml "go.yaml.in/yaml/v2"
	yamlnode "go.yaml.in/yaml/v3"
	kjson "sigs.k8s.io/json"
)

// documents are all objects of a file: JSON values one after the other, which
// are no YAML, and then a stream of YAML documents. Where one ends and the next
// begins is the libraries' business. Documents that say nothing are left out.
// What is wrong with one does not keep the others.
func (f file) documents() (out []document, wrong []error) {
	all := f.text
	if bytes.Contains(all, []byte("\ufeff")) { // as few have; looking for it takes long
		all = joined.ReplaceAll(all, []byte("$1"))
	}
	rest, before := all, 0
	for {
		value, n := leadingJSON(rest)
		if n == 0 {
			break
		}
		if d, err := f.jsonDocument(value, before+newlines(rest[:n-len(value)]), column(all[:len(all)-len(rest)+n-len(value)])); err != nil {
			wrong = append(wrong, err)
		} else {
			out = append(out, d)
		}
		rest, before = rest[n:], before+newlines(rest[:n])
	}
	for len(rest) > 0 {
		more, line, err := f.yamlDocuments(rest, before)
		if n := len(more); err != nil && n > 0 && nextDocument(rest, more[n-1].line-before-1) >= afterLines(rest, line-before-1) {
			more = more[:n-1] // which is the beginning of what cannot be read
		}
		out = append(out, more...)
		if err == nil {
			break
		}
		if n := len(wrong); n == 0 || wrong[n-1].Error() != err.Error() {
			wrong = append(wrong, err)
		}
		if len(wrong) >= mostWrong {
			return out, append(wrong, placed(f.name, line, "so much is wrong that the rest is not read", ""))
		}
		next := nextDocument(rest, line-before-1)
		rest, before = rest[next:], before+newlines(rest[:next])
	}
	return out, wrong
}

// mostWrong is how many documents of a file may be no YAML before the rest is given up:
// each costs a look at all that follows.
const mostWrong = 100

// marker begins a document, wherever one before may have gone wrong.
var marker = regexp.MustCompile(`[\r\n]---[ \t\r\n]`)

// joined is the byte order mark of a file that was put behind another one. It may
// stand before any document, and the libraries know it only before the first.
var joined = regexp.MustCompile("([\r\n])\ufeff+")

// leadingJSON is the JSON object that a text begins with, and how much of the
// text it takes; 0 where there is none, or where YAML has to say what it is.
func leadingJSON(text []byte) (json.RawMessage, int) {
	begin := bytes.TrimLeft(text, "\ufeff \t\r\n")
	if !bytes.HasPrefix(begin, []byte("{")) {
		return nil, 0
	}
	var value json.RawMessage
	dec := json.NewDecoder(bytes.NewReader(begin))
	if err := dec.Decode(&value); err != nil {
		return nil, 0
	}
	return value, len(text) - len(begin) + int(dec.InputOffset())
}

// newlines counts the ends of lines as YAML does.
func newlines(text []byte) int {
	return bytes.Count(text, []byte("\n")) + bytes.Count(text, []byte("\r")) - bytes.Count(text, []byte("\r\n"))
}

// column is the number of characters in the last line of a text.
func column(text []byte) int {
	return utf8.RuneCount(text[bytes.LastIndexAny(text, "\r\n")+1:])
}

func (f file) jsonDocument(value json.RawMessage, before, shift int) (document, error) {
	d := document{file: f.name, line: before + 1, column: shift + 1, json: value, before: before, text: value, start: before + 1, shift: shift}
	var root yamlnode.Node // for the lines alone; YAML does not know all that JSON may write
	if err := yamlnode.Unmarshal(value, &root); err == nil && len(root.Content) > 0 {
		d.root = root.Content[0]
	} else {
		d.text = nil
	}
	var any any
	strict, err := kjson.UnmarshalStrict(value, &any)
	switch {
	case err != nil:
		return document{}, placedAt(d.at(""), strings.TrimPrefix(err.Error(), "json: "), "")
	case len(strict) > 0:
		p := decodeProblem(strict[0])
		return document{}, placedAt(d.at(p.path), p.text, twice)
	}
	return d, nil
}

// yamlDocuments reads a stream of YAML documents twice: as kubectl does, whose
// YAML is that of 1.1, and with a library that says where everything stands. An error
// is of the document after the last one, in or after a line of the file.
func (f file) yamlDocuments(text []byte, before int) (out []document, line int, err error) {
	values, nodes := yaml.NewDecoder(bytes.NewReader(text)), yamlnode.NewDecoder(bytes.NewReader(text))
	line = before + 1
	from, fromLine := 0, line // where the document before begins
	for {
		var value any
		var root yamlnode.Node
		err, lines := values.Decode(&value), nodes.Decode(&root)
		switch {
		case errors.Is(err, io.EOF) && errors.Is(lines, io.EOF):
			return out, line, nil
		case err == nil && lines == nil:
		case errors.Is(err, io.EOF), err == nil && errors.Is(lines, io.EOF):
			return out, line, placed(f.name, line, "where a document ends and the next begins is not clear from here on", "put a line of --- before every document, and nothing else into it")
		default:
			if line > before+1 { // it is in none of the documents before
				line = before + newlines(text[:nextDocument(text, line-before-1)]) + 2
			}
			line, err = f.syntaxError(text, before, line, cmp.Or(err, lines))
			return out, line, err
		}
		if key := setTwice(&root, map[string]bool{}); key != nil {
			return out, before + key.Line, placed(f.name, before+key.Line, fmt.Sprintf("key %q already set in map", key.Value), twice)
		}
		d := document{file: f.name, line: line, column: 1, before: before}
		if len(root.Content) > 0 {
			d.root = root.Content[0]
			d.line, d.column = d.root.Line+before, d.root.Column
			line = d.line
			from += afterLines(text[from:], line-fromLine)
			fromLine = line
			d.text, d.start = text[from:], line
		}
		if value == nil {
			continue
		}
		if value, err = jsonValue(value); err == nil {
			d.json, err = json.Marshal(value)
		}
		if err != nil {
			return out, line, placedAt(d.at(""), err.Error(), "")
		}
		out = append(out, d)
	}
}

// jsonValue turns what YAML gave into what JSON can say, as kubectl does: keys
// become text.
func jsonValue(v any) (any, error) {
	switch v := v.(type) {
	case map[any]any:
		out := make(map[string]any, len(v))
		for k, item := range v {
			var key string
			switch k := k.(type) {
			case string, bool, int, int64, uint64:
				key = fmt.Sprint(k)
			case float64:
				key = strconv.FormatFloat(k, 'g', -1, 32)
			default:
				return nil, fmt.Errorf("a key has to be text, not %v", k)
			}
			if _, again := out[key]; again {
				return nil, fmt.Errorf("key %q already set in map", key)
			}
			var err error
			if out[key], err = jsonValue(item); err != nil {
				return nil, err
			}
		}
		return out, nil
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			var err error
			if out[i], err = jsonValue(item); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return v, nil
}

var (
	lineNumber = regexp.MustCompile(`line (\d+): `)
	preamble   = regexp.MustCompile(`^(yaml: |unmarshal errors:\s*)+`)

	anchor = regexp.MustCompile(`^unknown anchor '([^']*)' referenced`)

	// miscounted are the errors of the libraries' parsers, in which the first line
	// is number 0; in those of their scanners it is 1.
	miscounted = regexp.MustCompile(`^(did not find expected (<|node content|key|'-' indicator|',' or)|found (duplicate %|incompatible YAML|undefined tag handle))`)
)

// twice is the hint where a key stands two times.
const twice = "one of the two has to go"

// syntaxError is an error of a YAML library in one line, with the line of the
// file; where the library names none, with that of the character it cannot read,
// or else of the document before.
func (f file) syntaxError(content []byte, before, line int, err error) (int, error) {
	text, _, _ := strings.Cut(preamble.ReplaceAllString(err.Error(), ""), "\n")
	if m := lineNumber.FindStringSubmatch(text); m != nil {
		n, _ := strconv.Atoi(m[1])
		line = before + n
		if text = strings.Replace(text, m[0], "", 1); miscounted.MatchString(text) {
			line++
		}
	} else if i := unreadable(content); i >= 0 {
		line = before + newlines(content[:i]) + 1
	}
	at := min(line, before+newlines(bytes.TrimRight(content, "\r\n"))+1) // what is missing at the end is so in the last
	if bytes.Contains(content, []byte("{{")) {
		return math.MaxInt, placed(f.name, at, ofHelm, helm(chartOf(f.name), ""))
	}
	if m := anchor.FindStringSubmatch(text); m != nil {
		from := afterLines(content, line-before-1)
		if i := bytes.Index(content[from:], []byte("*"+m[1])); i >= 0 {
			line += newlines(content[from : from+i])
		}
		return line, placed(f.name, line, text, "an anchor is set with &"+m[1]+" before it is used, in the same document")
	}
	hint := "something is wrong with the indentation, a quote or a colon, there or in the line before"
	switch {
	case strings.Contains(text, "already set in map"):
		hint = twice
	case strings.Contains(text, "cannot decode"):
		hint = "what is written is of another type than its !! says"
	case strings.Contains(text, "tab character"), strings.Contains(text, "cannot start any token"):
		hint = "YAML is indented with blanks, never with tabs"
	case strings.Contains(text, "document start"):
		hint = "put a line of --- between two documents"
	case strings.Contains(text, "control characters"), strings.Contains(text, "UTF-"):
		hint = "is it a text file? Save it as UTF-8"
	}
	return line, placed(f.name, at, text, hint)
}
