package query

import (
	"slices"
	"strings"
	"unicode"
)

// readers are what a statement that reads begins with. CALL is not among them: a
// procedure may end the transaction that it runs in, and begin one that writes.
var readers = []string{"select", "with", "values", "table", "show", "explain", "describe", "desc"}

// reads reports whether a statement begins as one that reads does. What it does then the
// server holds it to; this is for statements that change something which is in no table,
// as KILL and SET GLOBAL do, and no transaction keeps from that.
func reads(statement string) bool {
	for {
		statement = strings.TrimLeft(statement, " \t\r\n\f\v(")
		switch {
		case strings.HasPrefix(statement, "--"), strings.HasPrefix(statement, "#"):
			_, statement, _ = strings.Cut(statement, "\n")
		case strings.HasPrefix(statement, "/*!"), strings.HasPrefix(statement, "/*M!"): // which MySQL runs
			return false
		case strings.HasPrefix(statement, "/*"):
			_, statement, _ = strings.Cut(statement[len("/*"):], "*/")
		default:
			end := strings.IndexFunc(statement, func(r rune) bool { return !unicode.IsLetter(r) && r != '_' && !unicode.IsDigit(r) })
			if end < 0 {
				end = len(statement)
			}
			return slices.Contains(readers, strings.ToLower(statement[:end]))
		}
	}
}
