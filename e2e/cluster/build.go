package cluster

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Build returns the directory with the programs and KEDA's manifests,
// compiling them if no earlier run has: as a release is, or quickly. It must be
// called with the working directory inside this module. The directory is outside
// the checkout and its name depends on how, and on go.mod and go.sum of this module and of
// the add-on's, so that it outlives a checkout and never holds other versions than those
// pinned. It appears complete or not at all, and of several processes that need it at once
// one builds and the others wait.
func Build(ctx context.Context, asReleased bool, progress io.Writer) (string, error) {
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	cache, err := CacheDir()
	if err != nil {
		return "", err
	}
	var how []string
	if !asReleased {
		how = []string{quick}
	}
	groups := groupsOf(asReleased)
	key, err := moduleKey(root, groups, how)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, key)
	if exists(dir) {
		now := time.Now()
		return dir, os.Chtimes(dir, now, now) // in use, see prune
	}
	unlock, err := lock(ctx, dir+".lock", progress)
	if err != nil {
		return "", err
	}
	defer unlock()
	if exists(dir) { // another process built it while we waited
		return dir, nil
	}
	tmp := dir + ".tmp"
	if err := os.RemoveAll(tmp); err != nil {
		return "", err
	}
	if err := compile(ctx, root, tmp, groups, how, progress); err != nil {
		return "", err
	}
	if err := writeManifests(ctx, root, tmp); err != nil {
		return "", fmt.Errorf("prepare KEDA's manifests: %w", err)
	}
	if !asReleased {
		if err := writeAddOnTypes(ctx, root, tmp); err != nil {
			return "", fmt.Errorf("prepare the types of KEDA's HTTP add-on: %w", err)
		}
	}
	if err := os.Rename(tmp, dir); err != nil {
		return "", err
	}
	return dir, prune(cache)
}

// prune removes programs, 800 MB for each version of go.mod, that nobody has
// used for a month.
func prune(cache string) error {
	entries, err := os.ReadDir(cache)
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !e.IsDir() || time.Since(info.ModTime()) < 30*24*time.Hour {
			continue
		}
		if dir := filepath.Join(cache, e.Name()); exists(filepath.Join(dir, manifestsFile)) {
			if err := os.RemoveAll(dir); err != nil {
				return fmt.Errorf("remove old programs: %w", err)
			}
		}
	}
	return nil
}

func moduleKey(root string, groups []group, how []string) (string, error) {
	h := sha256.New()
	for _, g := range groups {
		for _, name := range []string{"go.mod", "go.sum"} {
			b, err := os.ReadFile(filepath.Join(root, g.module, name))
			if err != nil {
				return "", err
			}
			h.Write(b)
		}
		fmt.Fprint(h, g)
	}
	fmt.Fprint(h, strings.Join(how, " "))
	return fmt.Sprintf("%x", h.Sum(nil))[:16], nil
}

// lock takes a lock that the kernel drops when its holder dies, and says so
// once if it has to wait.
func lock(ctx context.Context, path string, progress io.Writer) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	try := func(context.Context) error {
		return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	}
	if err := try(ctx); errors.Is(err, syscall.EWOULDBLOCK) {
		fmt.Fprintln(progress, "another process is compiling the cluster's programs; waiting for it")
		err = WaitFor(ctx, time.Hour, "the lock "+path, try)
		if err != nil {
			f.Close()
			return nil, err
		}
	} else if err != nil {
		f.Close()
		return nil, err
	}
	return func() { f.Close() }, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
