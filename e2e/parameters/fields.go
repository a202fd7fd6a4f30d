package parameters

import (
	"fmt"
	"go/ast"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
)

// fields writes the parameters of a struct, and of those in it.
func (s *source) fields(b *strings.Builder, p *pack, t *ast.StructType, optional bool) error {
	for _, f := range t.Fields.List {
		if f.Tag == nil {
			continue
		}
		text, _ := strconv.Unquote(f.Tag.Value)
		tag, ok := reflect.StructTag(text).Lookup("keda")
		if !ok {
			continue
		}
		line := parameterOf(tag)
		line.optional = line.optional || optional
		if line.names != "" {
			fmt.Fprintf(b, "\t%s\t%s%s\n", line.names, s.kind(p, f.Type), line.rest())
			continue
		}
		in, nested := s.resolve(p, f.Type)
		if nested == nil {
			return fmt.Errorf("no struct: %s", tag)
		}
		if err := s.fields(b, in, nested, line.optional); err != nil {
			return err
		}
	}
	return nil
}

// parameter is what a tag says of one.
type parameter struct {
	names, places string
	optional      bool
	more          []string
}

func parameterOf(tag string) (out parameter) {
	for _, part := range strings.Split(tag, ",") {
		key, value, has := strings.Cut(part, "=")
		key = strings.TrimSpace(key)
		switch key {
		case "name":
			out.names = strings.ReplaceAll(strings.TrimSpace(value), ";", "|")
		case "optional":
			out.optional = !has || strings.TrimSpace(value) == "true"
		case "order":
			for _, o := range strings.Split(value, ";") {
				out.places += map[string]string{"triggerMetadata": "M", "authParams": "A", "resolvedEnv": "E"}[strings.TrimSpace(o)]
			}
		case "deprecatedAnnounce", "": // nothing follows from it
		case "deprecated", "default", "separator":
			out.more = append(out.more, key+"="+strings.TrimSpace(value))
		case "range":
			out.more = append(out.more, key+"="+or(strings.TrimSpace(value), "-"))
		default:
			out.more = append(out.more, key+"="+value)
		}
	}
	return out
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func (p parameter) rest() string {
	out := "\t" + or(p.places, "-")
	if p.optional {
		out += "\toptional"
	}
	for _, m := range p.more {
		out += "\t" + m
	}
	return out
}

// kind is the Go type of a parameter, without the names that KEDA gives to texts.
func (s *source) kind(p *pack, e ast.Expr) string {
	switch t := e.(type) {
	case *ast.Ident:
		if def, ok := p.types[t.Name]; ok {
			return s.kind(p, def)
		}
		return t.Name
	case *ast.StarExpr:
		return "*" + s.kind(p, t.X)
	case *ast.ArrayType:
		return "[]" + s.kind(p, t.Elt)
	case *ast.MapType:
		return "map[" + s.kind(p, t.Key) + "]" + s.kind(p, t.Value)
	case *ast.SelectorExpr:
		name := t.X.(*ast.Ident).Name + "." + t.Sel.Name
		if name == "time.Duration" || name == "url.Values" {
			return name
		}
		if in, def := s.named(t); def != nil {
			return s.kind(in, def)
		}
		return "string" // of a library
	}
	return fmt.Sprintf("%T", e)
}

// resolve is the struct of a field, and the package that it is of.
func (s *source) resolve(p *pack, e ast.Expr) (*pack, *ast.StructType) {
	if star, ok := e.(*ast.StarExpr); ok {
		e = star.X
	}
	if sel, ok := e.(*ast.SelectorExpr); ok {
		in, def := s.named(sel)
		if in == nil {
			return nil, nil
		}
		return in, in.structOf(def)
	}
	return p, p.structOf(e)
}

// named is a type of another package of KEDA's.
func (s *source) named(sel *ast.SelectorExpr) (*pack, ast.Expr) {
	for _, dir := range []string{"pkg/scalers", "pkg/scalers/" + sel.X.(*ast.Ident).Name, "pkg/" + sel.X.(*ast.Ident).Name} {
		if filepath.Base(dir) != sel.X.(*ast.Ident).Name {
			continue
		}
		if in, err := s.load(dir); err == nil && in.types[sel.Sel.Name] != nil {
			return in, in.types[sel.Sel.Name]
		}
	}
	return nil, nil
}
