// Package parameters reads out of KEDA's source what parameters each trigger type has:
// the table that package triggers/params holds.
package parameters

import (
	"fmt"
	"go/ast"
	"slices"
	"strconv"
	"strings"
)

// Of writes the table of the KEDA whose source is in a folder: by trigger type, how its
// errors begin, and then its parameters in the order in which they are read.
func Of(keda string) (string, error) {
	s := &source{packages: map[string]*pack{}, root: keda}
	scalers, err := s.load("pkg/scalers")
	if err != nil {
		return "", err
	}
	builder, err := s.load("pkg/scaling")
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, t := range builder.built() {
		meta, wraps := scalers.metadata(t.function, 0)
		if t.name == "external-mock" {
			continue // of KEDA's own tests
		}
		if meta == nil {
			return "", fmt.Errorf("%s: nothing is parsed in %s", t.name, t.function)
		}
		fmt.Fprintf(&b, "%s\t%s\n", t.name, strings.ReplaceAll(strings.Join(wraps, ""), "{type}", t.name))
		if err := s.fields(&b, scalers, meta, false); err != nil {
			return "", fmt.Errorf("%s: %w", t.name, err)
		}
	}
	return b.String(), nil
}

// trigger is a trigger type and the function that makes its scaler.
type trigger struct{ name, function string }

// built is what buildScaler makes, in its order.
func (p *pack) built() (out []trigger) {
	ast.Inspect(p.functions["buildScaler"], func(n ast.Node) bool {
		c, ok := n.(*ast.CaseClause)
		if !ok {
			return true
		}
		for _, e := range c.List {
			name, _ := strconv.Unquote(e.(*ast.BasicLit).Value)
			for _, stmt := range c.Body {
				if call, ok := stmt.(*ast.ReturnStmt); ok && name != "" {
					if f, ok := call.Results[0].(*ast.CallExpr).Fun.(*ast.SelectorExpr); ok {
						out = append(out, trigger{name, f.Sel.Name})
					}
				}
			}
		}
		return true
	})
	slices.SortFunc(out, func(a, b trigger) int { return strings.Compare(a.name, b.name) })
	return out
}

// metadata is the struct that a function has filled from a trigger's parameters, itself
// or in one that it calls, and what the errors of that begin with, outermost first.
func (p *pack) metadata(function string, depth int) (*ast.StructType, []string) {
	f := p.functions[function]
	if f == nil || depth > 4 {
		return nil, nil
	}
	var found *ast.StructType
	var inner []string
	called := ""
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || found != nil {
			return found == nil
		}
		switch fun := call.Fun.(type) {
		case *ast.SelectorExpr:
			if fun.Sel.Name == "TypedConfig" {
				found, called = p.typeOfArgument(f, call.Args[0]), fun.Sel.Name
			}
		case *ast.Ident:
			if found, inner = p.metadata(fun.Name, depth+1); found != nil {
				called = fun.Name
				return false
			}
		}
		return true
	})
	if found == nil {
		return nil, nil
	}
	return found, append([]string{wrapOf(f, called)}, inner...)
}

// wrapOf is what a function puts before the error of one that it calls; "" where it
// passes that on as it is.
func wrapOf(f *ast.FuncDecl, called string) string {
	for i, stmt := range f.Body.List {
		if !calls(stmt, called) {
			continue
		}
		then, ok := stmt.(*ast.IfStmt)
		if !ok && i+1 < len(f.Body.List) {
			then, ok = f.Body.List[i+1].(*ast.IfStmt)
		}
		if !ok {
			return ""
		}
		return beginning(then.Body)
	}
	return ""
}

func calls(in ast.Node, called string) (found bool) {
	ast.Inspect(in, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			switch fun := call.Fun.(type) {
			case *ast.SelectorExpr:
				found = found || fun.Sel.Name == called
			case *ast.Ident:
				found = found || fun.Name == called
			}
		}
		return true
	})
	return found
}

// beginning is that of the first error that is made in a block, with what it says of the
// object as {name}, {namespace} and {type}.
func beginning(block ast.Node) (out string) {
	ast.Inspect(block, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || out != "" || len(call.Args) < 2 {
			return true
		}
		lit, ok := call.Args[0].(*ast.BasicLit)
		if fun, is := call.Fun.(*ast.SelectorExpr); !ok || !is || fun.Sel.Name != "Errorf" {
			return true
		}
		format, _ := strconv.Unquote(lit.Value)
		for _, arg := range call.Args[1 : len(call.Args)-1] {
			is := "{type}"
			if sel, ok := arg.(*ast.SelectorExpr); ok {
				is = map[string]string{"ScalableObjectName": "{name}", "ScalableObjectNamespace": "{namespace}"}[sel.Sel.Name]
			}
			format = strings.Replace(format, "%s", is, 1)
		}
		if i := strings.LastIndex(format, "%"); i > 0 {
			out = format[:i]
		}
		return true
	})
	return out
}

// typeOfArgument is the struct type of a variable of a function.
func (p *pack) typeOfArgument(f *ast.FuncDecl, arg ast.Expr) (found *ast.StructType) {
	if u, ok := arg.(*ast.UnaryExpr); ok {
		arg = u.X
	}
	name, ok := arg.(*ast.Ident)
	if !ok {
		return nil
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if id, ok := n.Lhs[0].(*ast.Ident); !ok || id.Name != name.Name || found != nil {
				return true
			}
			value := n.Rhs[0]
			if u, ok := value.(*ast.UnaryExpr); ok {
				value = u.X
			}
			switch v := value.(type) {
			case *ast.CompositeLit:
				found = p.structOf(v.Type)
			case *ast.CallExpr:
				if fun, ok := v.Fun.(*ast.Ident); ok && fun.Name == "new" {
					found = p.structOf(v.Args[0])
				}
			}
		case *ast.ValueSpec:
			if n.Names[0].Name == name.Name {
				found = p.structOf(n.Type)
			}
		case *ast.Field: // a named result
			for _, id := range n.Names {
				if id.Name == name.Name && found == nil {
					found = p.structOf(n.Type)
				}
			}
		}
		return true
	})
	return found
}

func (p *pack) structOf(e ast.Expr) *ast.StructType {
	if star, ok := e.(*ast.StarExpr); ok {
		e = star.X
	}
	if id, ok := e.(*ast.Ident); ok {
		e = p.types[id.Name]
	}
	s, _ := e.(*ast.StructType)
	return s
}
