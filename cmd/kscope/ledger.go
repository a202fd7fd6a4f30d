package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/kscope/kscope"
)

// book is where the ledger of a session goes in the end; nil for nowhere.
type book struct {
	path string
	file *os.File  // nil for stdout
	out  io.Writer // stdout
}

// openBook opens what --ledger names, before there is a screen: - is stdout. What
// is in a file stays there until the end, when the ledger takes its place, however
// short. A pipe has to be read by somebody already.
func openBook(path string, stdout io.Writer) (*book, error) {
	switch path {
	case "":
		return nil, nil
	case "-":
		return &book{out: stdout}, nil
	}
	file, err := openLedger(path, 0)
	if err != nil {
		return nil, &kscope.Trouble{Cause: err, Hint: "name a file in a directory that you may write to, a pipe that somebody reads, or - for stdout"}
	}
	return &book{path: path, file: file, out: stdout}, nil
}

func openLedger(path string, flags int) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|atOnce|flags, 0o600)
	if err != nil {
		return nil, fmt.Errorf("--ledger: %w", err)
	}
	return file, nil
}

// write writes the lines, once the screen is closed. What cannot be written to the
// file goes to stdout, for nothing else has it.
func (b *book) write(lines [][]byte) error {
	if b == nil {
		return nil
	}
	var text bytes.Buffer
	for _, line := range lines {
		text.Write(append(line, '\n'))
	}
	if b.file != nil {
		err := b.fill(text.Bytes())
		if err == nil || text.Len() == 0 {
			return err
		}
		_, _ = b.out.Write(text.Bytes())
		return &kscope.Trouble{Cause: err, Hint: "what would be in it is above"}
	}
	if _, err := b.out.Write(text.Bytes()); err != nil {
		return fmt.Errorf("--ledger: %w", err)
	}
	return nil
}

// fill makes a text what is in the file that has the name in the end: hours after the
// start, the one that was opened may have been removed, or moved. What others have put
// in its place is theirs, unless there is nothing in it.
func (b *book) fill(text []byte) (err error) {
	is, e := b.file.Stat()
	if there, err := os.Stat(b.path); e != nil || err != nil || !os.SameFile(is, there) {
		flags := os.O_EXCL
		if there, err := os.Lstat(b.path); err == nil {
			if !there.Mode().IsRegular() || there.Size() > 0 {
				return fmt.Errorf("--ledger: there is another %s now", b.path)
			}
			flags = 0
		}
		_ = b.file.Close()
		if b.file, err = openLedger(b.path, flags); err != nil {
			return err
		}
	}
	defer func() {
		if e := b.file.Close(); err == nil && e != nil {
			err = fmt.Errorf("--ledger: %w", e)
		}
	}()
	if info, e := b.file.Stat(); e == nil && info.Mode().IsRegular() {
		err = replace(b.file, info.Size(), text)
	} else {
		_, err = b.file.Write(text)
	}
	if err != nil {
		return fmt.Errorf("--ledger: %w", err)
	}
	return nil
}

// replace puts a text in the place of what is in a file of a size. What needs more room
// comes first, so that where there is none the file is as it was.
func replace(f interface {
	io.WriterAt
	Truncate(size int64) error
}, size int64, text []byte) error {
	old := min(int(size), len(text))
	if _, err := f.WriteAt(text[old:], int64(old)); err != nil && len(text) > old {
		return errors.Join(err, f.Truncate(size))
	}
	if _, err := f.WriteAt(text[:old], 0); err != nil {
		return err
	}
	return f.Truncate(int64(len(text)))
}
