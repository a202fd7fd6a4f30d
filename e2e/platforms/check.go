package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"sync"
)

// listed is what go list says of a package.
type listed struct {
	Dir, ImportPath string
	ImportMap       map[string]string // of what is vendored in the standard library
	GoFiles, SFiles []string          // those that the platform takes
	Standard        bool
	Module          *struct{ GoVersion string }
}

func decode(out []byte) ([]listed, error) {
	var all []listed
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		switch err := d.Decode(&p); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("read what go list says: %w", err)
		}
		all = append(all, p)
	}
}

// files holds each file parsed once, for most are the same on every platform.
type files struct {
	set *token.FileSet
	mu  sync.Mutex
	at  map[string]func() (file, error)
}

type file struct {
	*ast.File
	linked bool // may have functions whose body is in another package
}

func newFiles() *files {
	return &files{set: token.NewFileSet(), at: map[string]func() (file, error){}}
}

func (f *files) parse(path string) (file, error) {
	f.mu.Lock()
	parse, ok := f.at[path]
	if !ok {
		parse = sync.OnceValues(func() (file, error) {
			src, err := os.ReadFile(path)
			if err != nil {
				return file{}, err
			}
			tree, err := parser.ParseFile(f.set, path, src, parser.SkipObjectResolution)
			return file{tree, bytes.Contains(src, []byte("//go:linkname"))}, err
		})
		f.at[path] = parse
	}
	f.mu.Unlock()
	return parse()
}

// A checker checks the packages of one platform, in the order of their imports.
type checker struct {
	files *files
	sizes types.Sizes
	done  map[string]*types.Package
}

func newChecker(goarch string, files *files) *checker {
	return &checker{files, types.SizesFor("gc", goarch), map[string]*types.Package{"unsafe": types.Unsafe}}
}

type importer func(path string) (*types.Package, error)

func (f importer) Import(path string) (*types.Package, error) { return f(path) }

// check reports everything that is wrong with one package. Of the standard
// library it is only asked what it declares.
func (c *checker) check(p listed) error {
	if p.ImportPath == "unsafe" {
		return nil
	}
	var problems []error
	trees := make([]*ast.File, 0, len(p.GoFiles))
	for _, name := range p.GoFiles {
		f, err := c.files.parse(filepath.Join(p.Dir, name))
		if err != nil {
			return err
		}
		trees = append(trees, f.File)
		if !p.Standard && len(p.SFiles) == 0 && !f.linked {
			problems = append(problems, c.bodiless(f.File)...)
		}
	}
	conf := types.Config{
		Sizes:            c.sizes,
		IgnoreFuncBodies: p.Standard,
		Error:            func(err error) { problems = append(problems, err) },
		Importer: importer(func(path string) (*types.Package, error) {
			if to, ok := p.ImportMap[path]; ok {
				path = to
			}
			if done := c.done[path]; done != nil {
				return done, nil
			}
			return nil, fmt.Errorf("%s is not there on this platform", path)
		}),
	}
	if p.Module != nil && p.Module.GoVersion != "" {
		conf.GoVersion = "go" + p.Module.GoVersion
	}
	c.done[p.ImportPath], _ = conf.Check(p.ImportPath, c.files.set, trees, nil) // its error is the first of the problems
	return errors.Join(problems...)
}

// bodiless finds functions that only an assembly file could complete.
func (c *checker) bodiless(f *ast.File) []error {
	var problems []error
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Body == nil {
			problems = append(problems, fmt.Errorf("%s: %s has no body", c.files.set.Position(fn.Pos()), fn.Name.Name))
		}
	}
	return problems
}
