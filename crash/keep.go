package crash

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"unicode"
)

// Keep writes a trace to a new file, which is for the user alone, and says in a
// line what happened and what to do with the file. Where there can be no file, the
// beginning of the trace is in the lines after it.
func Keep(trace []byte) string {
	file, line := open(trace)
	if file != nil {
		_ = file.Close()
	}
	return line
}

const issues = "https://github.com/kscope/kscope/issues"

// open makes the file of a trace, with its beginning in it; nil if there can be
// none, as where the disk is full.
func open(begin []byte) (*os.File, string) {
	happened, ask := "stopped by a defect of its own", "please send %s to "+issues
	if bytes.Contains(begin, []byte("\nSIGQUIT: quit\n")) { // somebody wants to know what it is at
		happened, ask = "ended by SIGQUIT", "%s says what it was doing"
	}
	file, err := os.CreateTemp("", "kscope-crash-*.txt")
	if err == nil {
		if _, err = file.Write(begin); err == nil {
			return file, happened + "; " + fmt.Sprintf(ask, file.Name())
		}
		_ = file.Close()
		_ = os.Remove(file.Name()) // it holds nothing that is of use
	}
	return nil, fmt.Sprintf("%s, and its trace cannot be kept (%v); please tell %s how it begins:\n%s", happened, err, issues, readable(begin))
}

// readable is the beginning of a trace as a terminal may have it: a panic may be
// about text from anywhere.
func readable(begin []byte) string {
	const most = 2 << 10 // bytes
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, strings.ToValidUTF8(string(begin[:min(len(begin), most)]), "?"))
}

// lastWords is what was written to stderr before the trace: why it is fatal, of
// which the runtime says nothing in the pipe.
func lastWords(unseen *os.File) []byte {
	const most = 8 << 10
	words := make([]byte, most)
	n := 0
	if info, err := unseen.Stat(); err == nil && info.Mode().IsRegular() {
		n, _ = unseen.ReadAt(words, max(0, info.Size()-most))
	}
	words, _, _ = bytes.Cut(words[:n], []byte("\ngoroutine "))
	return words
}
