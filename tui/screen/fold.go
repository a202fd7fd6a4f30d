package screen

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Wrap breaks a text into lines of at most w columns at spaces.
func Wrap(s string, w int) []string {
	if s == "" {
		return nil
	}
	return strings.Split(ansi.Wrap(strings.Map(Printable, s), w, " "), "\n")
}

// WrapCommand breaks a command at its blanks only, so that what is read off the
// screen is what has to be typed. What is longer than a line is broken as it comes.
func WrapCommand(s string, w int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(s) {
		for {
			switch room := w - Width(line); {
			case line == "" && Width(word) <= w:
				line = word
			case line != "" && Width(word) < room:
				line += " " + word
			case line != "":
				lines, line = append(lines, line), ""
				continue
			default:
				head := ansi.Truncate(word, w, "")
				lines, word = append(lines, head), word[len(head):]
				continue
			}
			break
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// ClipLines keeps n lines and marks the last when there were more.
func ClipLines(lines []string, n int) []string {
	if len(lines) <= n {
		return lines
	}
	if n <= 0 {
		return nil
	}
	lines = lines[:n:n]
	lines[n-1] += " …"
	return lines
}
