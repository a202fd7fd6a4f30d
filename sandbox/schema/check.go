package schema

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Problem is what keeps an object from being taken.
type Problem struct {
	Path string // as in spec.triggers[0].type; "" for the object as a whole
	Text string
	Hint string
}

// Check checks a whole object but for its status, and its metadata, which the API server
// checks for all kinds alike.
func (s *Shape) Check(obj map[string]any) []Problem {
	rest := maps.Clone(obj)
	for _, name := range []string{"apiVersion", "kind", "metadata", "status"} {
		delete(rest, name)
	}
	out := s.check(rest, nil)
	if spec, ok := obj["spec"].(map[string]any); ok && len(out) == 0 && obj["kind"] == "ScaledObject" {
		out = minAtMostMax(spec)
	}
	// As the API server does: what it has no name for comes before what it finds wrong.
	known := func(p Problem) int { return strings.Index(p.Text, "unknown field ") }
	slices.SortStableFunc(out, func(a, b Problem) int { return cmp.Compare(min(known(b), 0), min(known(a), 0)) })
	return out
}

func (s *Shape) check(v any, path *field.Path) []Problem {
	if s.IsEither {
		switch text := v.(type) {
		case string:
			return s.checkText(text, path)
		case int64:
			return nil
		}
		return []Problem{invalid(path, fmt.Sprintf("%q", typeOf(v)), "must be of type integer,string: %q", typeOf(v))}
	}
	switch v := v.(type) {
	case map[string]any:
		if s.Type == "object" {
			return s.checkFields(v, path)
		}
	case []any:
		if s.Type == "array" {
			return s.checkItems(v, path)
		}
	case string:
		if s.Type == "string" {
			return s.checkText(v, path)
		}
	case int64:
		if s.Type == "integer" || s.Type == "number" {
			return s.checkNumber(v, path)
		}
	case float64:
		if s.Type == "number" || s.Type == "integer" && v == math.Trunc(v) {
			return s.checkNumber(int64(v), path)
		}
	case bool:
		if s.Type == "boolean" {
			return nil
		}
	}
	if s.Type == "" {
		return nil
	}
	return []Problem{s.wrongType(v, path)}
}

func (s *Shape) wrongType(v any, path *field.Path) Problem {
	got := typeOf(v)
	p := invalid(path, fmt.Sprintf("%q", got), "must be of type %s: %q", s.Type, got)
	switch v.(type) {
	case int64, float64, bool:
		if s.Type == "string" {
			p.Hint = fmt.Sprintf("put it in quotes: \"%v\"", v)
		}
	}
	return p
}

// invalid is how an API server says that a value breaks a rule of a schema.
func invalid(path *field.Path, v any, rule string, args ...any) Problem {
	return Problem{Path: path.String(), Text: fmt.Sprintf("%s: Invalid value: %v: %s in body ", path, v, path) + fmt.Sprintf(rule, args...)}
}

func typeOf(v any) string {
	switch v.(type) {
	case map[string]any:
		return "object"
	case []any:
		return "array"
	case string:
		return "string"
	case int64:
		return "integer"
	case float64:
		return "number"
	case bool:
		return "boolean"
	}
	return "null"
}

func (s *Shape) checkFields(v map[string]any, path *field.Path) []Problem {
	var out []Problem
	for _, name := range s.Required {
		if v[name] == nil {
			out = append(out, Problem{Path: path.String(), Text: field.Required(path.Child(name), "").Error()})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(v)) {
		known, ok := s.Fields[name]
		at := path.Child(name)
		switch {
		case v[name] == nil: // as good as left out
		case ok:
			out = append(out, known.check(v[name], at)...)
		case s.Values != nil:
			out = append(out, s.Values.check(v[name], at)...)
		case !s.Free:
			out = append(out, Problem{Path: at.String(), Text: fmt.Sprintf("unknown field %q", at), Hint: s.nearest(name)})
		}
	}
	return out
}

// nearest is a hint at what an unknown field may have been meant to be.
func (s *Shape) nearest(name string) string {
	all := slices.Sorted(maps.Keys(s.Fields))
	for _, known := range all {
		a, b := strings.ToLower(known), strings.ToLower(name)
		if strings.HasPrefix(a, b) || strings.HasPrefix(b, a) || strings.TrimSuffix(a, "count") == strings.TrimSuffix(b, "s") {
			return "is " + known + " meant?"
		}
	}
	const most = 16 // fields that anybody reads
	if len(all) > most {
		return "is it spelt right, and at the right depth?"
	}
	return "there are: " + strings.Join(all, ", ")
}

func (s *Shape) checkItems(v []any, path *field.Path) []Problem {
	if len(v) < s.Fewest {
		return []Problem{invalid(path, len(v), "should have at least %d items", s.Fewest)}
	}
	var out []Problem
	for i, item := range v {
		out = append(out, s.Items.check(item, path.Index(i))...)
	}
	return out
}

func (s *Shape) checkText(v string, path *field.Path) []Problem {
	switch {
	case len(v) < s.Shortest:
		return []Problem{invalid(path, fmt.Sprintf("%q", v), "should be at least %d chars long", s.Shortest)}
	case s.Longest > 0 && len(v) > s.Longest:
		return []Problem{{Path: path.String(), Text: field.TooLong(path, "", s.Longest).Error()}}
	case s.OneOf != nil && !slices.Contains(s.OneOf, v):
		return []Problem{{Path: path.String(), Text: field.NotSupported(path, v, s.OneOf).Error()}}
	case s.Pattern != "" && !matches(s.Pattern, v):
		return []Problem{invalid(path, fmt.Sprintf("%q", v), "should match '%s'", s.Pattern)}
	}
	return nil
}

func matches(pattern, text string) bool {
	re, err := regexp.Compile(pattern)
	return err != nil || re.MatchString(text)
}

func (s *Shape) checkNumber(v int64, path *field.Path) []Problem {
	switch {
	case s.Format == "int32" && (v > math.MaxInt32 || v < math.MinInt32):
		return []Problem{invalid(path, v, "must be of type int32")}
	case s.Least != nil && float64(v) < *s.Least:
		return []Problem{invalid(path, v, "should be greater than or equal to %v", *s.Least)}
	case s.Most != nil && float64(v) > *s.Most:
		return []Problem{invalid(path, v, "should be less than or equal to %v", *s.Most)}
	}
	return nil
}

// minAtMostMax is the one rule across fields that the CRD of a ScaledObject has.
func minAtMostMax(spec map[string]any) []Problem {
	number := func(name string, other int64) int64 {
		switch v := spec[name].(type) {
		case int64:
			return v
		case float64:
			return int64(v)
		}
		return other
	}
	if number("minReplicaCount", 0) <= number("maxReplicaCount", 100) {
		return nil
	}
	return []Problem{{Path: "spec.minReplicaCount", Text: "spec: Invalid value: minReplicaCount must be less than or equal to maxReplicaCount"}}
}
