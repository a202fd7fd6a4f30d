package params

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// split is the elements of a list.
func (p Parameter) split(text string) []string {
	out := strings.Split(text, or(p.Separator, ","))
	for i := range out {
		out[i] = strings.TrimSpace(out[i])
	}
	return out
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// read is what keeps a text from being of a kind; nil if nothing does.
func (p Parameter) read(text, kind string) error {
	element, isList := strings.CutPrefix(kind, "[]")
	switch {
	case kind == "string":
		return nil
	case kind == "time.Duration":
		return duration(text)
	case kind == "url.Values":
		if err := query(text); err != nil {
			return fmt.Errorf("expected url.Values, unable to parse query %q: %w", text, err)
		}
		return nil
	case strings.HasPrefix(kind, "map["):
		return p.readMap(text, kind)
	case isList:
		return p.readList(text, element)
	case kind == "bool":
		if _, err := strconv.ParseBool(text); err != nil {
			return fmt.Errorf("unable to parse boolean value %q: %w", text, err)
		}
		return nil
	}
	return number(text, kind)
}

// query is what is wrong with a query of a URL.
func query(text string) error {
	if strings.Contains(text, ";") {
		return errors.New("invalid semicolon separator in query")
	}
	const hex = "0123456789abcdefABCDEF"
	for rest := text; ; {
		_, after, ok := strings.Cut(rest, "%")
		if !ok {
			return nil
		}
		if len(after) < 2 || !strings.ContainsRune(hex, rune(after[0])) || !strings.ContainsRune(hex, rune(after[1])) {
			return fmt.Errorf("invalid URL escape %q", "%"+after[:min(2, len(after))])
		}
		rest = after[2:]
	}
}

// numbers are the kinds that are read as JSON.
var numbers = map[string]reflect.Type{
	"int": reflect.TypeFor[int](), "int32": reflect.TypeFor[int32](), "int64": reflect.TypeFor[int64](), "uint32": reflect.TypeFor[uint32](), "float64": reflect.TypeFor[float64](),
}

func number(text, kind string) error {
	into := reflect.New(numbers[strings.TrimPrefix(kind, "*")])
	if err := json.Unmarshal([]byte(text), into.Interface()); err != nil {
		return fmt.Errorf("unable to unmarshal to field type %s: %w", kind, err)
	}
	return nil
}

// duration is a span of time as Go writes it, or milliseconds.
func duration(text string) error {
	if d, err := time.ParseDuration(text); err == nil {
		if d < 0 {
			return fmt.Errorf("duration cannot be negative: %q", text)
		}
		return nil
	}
	switch ms, err := strconv.ParseInt(text, 10, 64); {
	case err != nil:
		return fmt.Errorf("unable to parse duration value %q: must be either a duration string (e.g. '30s', '5m') or a number of milliseconds", text)
	case ms < 0:
		return fmt.Errorf("duration cannot be negative: %d milliseconds", ms)
	}
	return nil
}

func (p Parameter) readMap(text, kind string) error {
	for _, pair := range p.split(text) {
		kv := strings.Split(pair, "=")
		if len(kv) != 2 {
			return fmt.Errorf("expected format key=value, got %q", pair)
		}
		key, value := strings.TrimSpace(kv[0]), strings.TrimSpace(kv[1])
		if err := p.read(value, kind[strings.IndexByte(kind, ']')+1:]); err != nil {
			return fmt.Errorf("map key %q, value %q: %w", key, value, err)
		}
	}
	return nil
}

func (p Parameter) readList(text, element string) error {
	for i, e := range p.split(text) {
		if err := p.readElement(e, element); err != nil {
			return fmt.Errorf("slice element %d: %w", i, err)
		}
	}
	return nil
}

func (p Parameter) readElement(text, kind string) error {
	if p.Range == "" || !strings.HasPrefix(kind, "int") || !strings.Contains(text, p.Range) {
		return p.read(text, kind)
	}
	ends := strings.Split(text, p.Range)
	if len(ends) != 2 {
		return fmt.Errorf("expected format start%vend, got %q", p.Range, text)
	}
	for i, which := range []string{"start", "end"} {
		if err := json.Unmarshal([]byte(ends[i]), reflect.New(numbers[kind]).Interface()); err != nil {
			return fmt.Errorf("unable to parse %s value %q: %w", which, ends[i], err)
		}
	}
	return nil
}
