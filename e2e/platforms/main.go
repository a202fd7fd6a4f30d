// Command platforms type-checks a module for platforms, this one or another,
// with every package that it is made of.
//
//	go run ./platforms -C .. linux/arm64 windows/amd64
//
// It is what is left of a cross-compilation when nobody wants the binary: the
// files that each platform takes, parsed and checked, in a twentieth of the
// time. It finds a file that does not compile on a platform, a name that is
// missing there, a dependency that excludes it and a function left without a
// body. What only a linker finds, as an assembly file without the function
// that it is there for, is left to make release.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
)

func main() {
	dir := flag.String("C", ".", "module to check")
	flag.Parse()
	if err := run(*dir, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run checks as many platforms at once as there are processors.
func run(dir string, platforms []string) error {
	var (
		files = newFiles()
		turns = make(chan struct{}, runtime.GOMAXPROCS(0))
		errs  = make([]error, len(platforms))
		all   sync.WaitGroup
	)
	for i, p := range platforms {
		all.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			if err := check(dir, p, files); err != nil {
				errs[i] = fmt.Errorf("%s: %w", p, err)
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// check finds what keeps a program from being compiled for one platform.
func check(dir, platform string, files *files) error {
	goos, goarch, ok := strings.Cut(platform, "/")
	if !ok {
		return errors.New("not of the form os/arch")
	}
	listed, err := list(dir, "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0")
	if err != nil {
		return err
	}
	c := newChecker(goarch, files)
	for _, p := range listed {
		if err := c.check(p); err != nil {
			return err
		}
	}
	return nil
}

// list gives the packages with their dependencies before them. It fails if one
// is missing on the platform, or has no file for it.
func list(dir string, env ...string) ([]listed, error) {
	cmd := exec.Command("go", "list", "-deps", "-json=Dir,ImportPath,ImportMap,GoFiles,SFiles,Standard,Module", "./...")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	var problems strings.Builder
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, problems.String())
	}
	return decode(out)
}
