package parameters

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
)

// source is KEDA's, as far as it was read.
type source struct {
	root     string
	packages map[string]*pack
}

// pack is a package: its functions and types by their names.
type pack struct {
	functions map[string]*ast.FuncDecl
	types     map[string]ast.Expr
}

// load reads the package in a folder, without its tests.
func (s *source) load(dir string) (*pack, error) {
	if p := s.packages[dir]; p != nil {
		return p, nil
	}
	p := &pack{map[string]*ast.FuncDecl{}, map[string]ast.Expr{}}
	entries, err := os.ReadDir(filepath.Join(s.root, dir))
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if name := e.Name(); !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(s.root, dir, e.Name()), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		p.add(f)
	}
	s.packages[dir] = p
	return p, nil
}

func (p *pack) add(f *ast.File) {
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				p.functions[d.Name.Name] = d
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if t, ok := spec.(*ast.TypeSpec); ok {
					p.types[t.Name.Name] = t.Type
				}
			}
		}
	}
}
