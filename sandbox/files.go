package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/notes"
	"github.com/kscope/kscope/words"
)

// contents are what files have in them.
type contents struct {
	found   []loaded
	notes   []notes.Note // of what is taken and not played, and of what is no manifest
	refused []error
	patches []string       // files that a kustomization among them changes others by
	taken   time.Time      // the newest time in what an API server has written
	left    map[string]int // of that, what is not taken, by kind
}

// add puts what another file has behind it.
func (c *contents) add(more contents) {
	c.found, c.notes, c.refused = append(c.found, more.found...), append(c.notes, more.notes...), append(c.refused, more.refused...)
	c.patches = append(c.patches, more.patches...)
	if more.taken.After(c.taken) {
		c.taken = more.taken
	}
	for kind, n := range more.left {
		if c.left == nil {
			c.left = map[string]int{}
		}
		c.left[kind] += n
	}
}

// readAll is what is in each of some files, which all processors read. What is no object,
// but changes one, is noted.
func readAll(files []file) []contents {
	out := readEach(files)
	var patches []string
	for _, c := range out {
		patches = append(patches, c.patches...)
	}
	for i, f := range files {
		if slices.Contains(patches, filepath.Clean(f.name)) {
			out[i] = contents{notes: []notes.Note{{Weight: notes.Unplayed, Place: f.name + ":1",
				Says: "this changes objects, by a kustomization beside it, and is none", Next: kustomize(filepath.Dir(f.name))}}}
		}
	}
	return out
}

func readEach(files []file) []contents {
	out := make([]contents, len(files))
	var reading sync.WaitGroup
	next := make(chan int)
	for range min(runtime.GOMAXPROCS(0), len(files)) {
		reading.Go(func() {
			for i := range next {
				files[i].read(&out[i])
			}
		})
	}
	for i := range files {
		next <- i
	}
	close(next)
	reading.Wait()
	return out
}

// file is the text of one file.
type file struct {
	name string
	text []byte
}

var extensions = []string{".yaml", ".yml", ".json"}

// Folders are paths with, for each that is a folder, those in it that have manifests, as
// deep as it goes, but for hidden ones and node_modules.
func Folders(paths []string) []string {
	var out []string
	for _, path := range paths {
		in := foldersIn(path, math.MaxInt)
		if len(in) == 0 {
			in = []string{path} // and what is wrong with it will be said
		}
		out = append(out, in...)
	}
	return out
}

// foldersIn are a folder and those in it, of those that have manifests or cannot be read;
// at most so many are looked at.
func foldersIn(path string, most int) (out []string) {
	_ = filepath.WalkDir(path, func(dir string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			out = append(out, dir)
		case !e.IsDir():
		case dir != path && (strings.HasPrefix(e.Name(), ".") || e.Name() == "node_modules"):
			return filepath.SkipDir
		case most <= 0:
			return filepath.SkipAll
		default:
			most--
			if names, err := manifestsIn(dir); err == nil && len(names) > 0 {
				out = append(out, dir)
			}
		}
		return nil // whatever it was
	})
	return out
}

// open reads the files of a path, and what is wrong with those that cannot be.
func open(path string, stdin io.Reader) (out []file, wrong []error, err error) {
	if path == "-" {
		if stdin == nil {
			return nil, nil, fmt.Errorf("there is no standard input to read")
		}
		text, err := readText("standard input", stdin)
		if err != nil {
			return nil, []error{err}, nil
		}
		return []file{{"standard input", text}}, nil, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, fmt.Errorf("read manifests: %w", err)
	}
	names := []string{path}
	if info.IsDir() {
		if names, err = manifestsIn(path); err != nil {
			return nil, nil, err
		}
		if len(names) == 0 {
			return nil, nil, &kscope.Trouble{Cause: fmt.Errorf("no manifests in the directory %s", path), Hint: "files ending in " + strings.Join(extensions, ", ") + " are read, and with -R those of folders in it"}
		}
	}
	for _, name := range names {
		text, err := readFile(name)
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		out = append(out, file{name, text})
	}
	return out, wrong, nil
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read manifests: %w", err)
	}
	defer func() { _ = f.Close() }()
	return readText(name, f)
}

// maxFile is how long a file may be, in bytes: some hundred times as long as the
// longest that anybody applies.
const maxFile = 64 << 20

// readText reads a whole file, unless its beginning or its length tells that it is
// something else than manifests: that is not waited for, nor held in memory.
func readText(name string, in io.Reader) ([]byte, error) {
	begin := make([]byte, 8<<10)
	n, err := io.ReadFull(in, begin)
	begin = begin[:n]
	if isBinary(begin) {
		return nil, placed(name, 1, "this is something binary, not YAML or JSON", wanted)
	}
	if err == nil {
		var rest []byte
		rest, err = io.ReadAll(io.LimitReader(in, maxFile))
		begin = append(begin, rest...)
	}
	switch {
	case err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("read %s: %w", name, err)
	case len(begin) > maxFile:
		return nil, placed(name, 1, fmt.Sprintf("more than %d MB are no manifests", maxFile>>20), wanted)
	}
	return begin, nil
}

// isBinary reports whether a file that begins so is no text: text has no zero
// bytes, unless it is UTF-16, which says so at its beginning.
func isBinary(begin []byte) bool {
	return bytes.IndexByte(begin, 0) >= 0 && !bytes.HasPrefix(begin, []byte("\xff\xfe")) && !bytes.HasPrefix(begin, []byte("\xfe\xff"))
}

// manifestsIn are the files of a folder that may be manifests.
func manifestsIn(dir string) (files []string, err error) {
	entries, err := os.ReadDir(dir) // sorted
	if err != nil {
		return nil, fmt.Errorf("read manifests: %w", err)
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if !slices.Contains(extensions, filepath.Ext(path)) {
			continue
		}
		if info, err := os.Stat(path); err != nil || info.Mode().IsRegular() { // and no pipe, which would be waited for
			files = append(files, path)
		}
	}
	return files, nil
}

// unread notes the folders in given ones that have manifests and are not given.
func unread(paths []string) (out []notes.Note) {
	given := map[string]bool{}
	for _, path := range paths {
		given[filepath.Clean(path)] = true
	}
	for _, path := range paths {
		if info, err := os.Stat(path); err != nil || !info.IsDir() {
			continue
		}
		var left []string
		for _, dir := range foldersIn(path, 1000) {
			if !given[filepath.Clean(dir)] {
				left = append(left, strings.TrimPrefix(dir, filepath.Clean(path)+string(filepath.Separator)))
			}
		}
		if len(left) > 5 {
			left[4] = "..."
		}
		if left != nil {
			out = append(out, notes.Note{Weight: notes.Unplayed, Place: path, Says: words.Plural(len(left), "folder") + " in it left unread: " + strings.Join(left[:min(len(left), 5)], ", "), Next: "-R reads them too"})
		}
	}
	return out
}
