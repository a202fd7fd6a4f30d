package main

import (
	"bufio"
	"fmt"
	"io"
	"os"

	"github.com/kscope/kscope"
)

// book is where the ledger of a session goes in the end; nil for nowhere.
type book struct {
	file *os.File // nil for stdout
	out  io.Writer
}

// openBook opens what --ledger names, before there is a screen: - is stdout. What
// is in a file stays there until something takes its place.
func openBook(path string, stdout io.Writer) (*book, error) {
	switch path {
	case "":
		return nil, nil
	case "-":
		return &book{out: stdout}, nil
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, &kscope.Trouble{Cause: fmt.Errorf("--ledger: %w", err), Hint: "name a file in a directory that you may write to, or - for stdout"}
	}
	return &book{file: file, out: file}, nil
}

// write writes the lines, once the screen is closed.
func (b *book) write(lines [][]byte) (err error) {
	if b == nil {
		return nil
	}
	if b.file != nil {
		defer func() {
			if e := b.file.Close(); err == nil && e != nil {
				err = fmt.Errorf("--ledger: %w", e)
			}
		}()
		if info, e := b.file.Stat(); e == nil && info.Mode().IsRegular() {
			if err := b.file.Truncate(0); err != nil {
				return fmt.Errorf("--ledger: %w", err)
			}
		}
	}
	w := bufio.NewWriter(b.out)
	for _, line := range lines {
		_, _ = w.Write(append(line, '\n')) // an error stays, and Flush tells
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("--ledger: %w", err)
	}
	return nil
}
