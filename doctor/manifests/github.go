package manifests

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

// GitHub reads these as the end of a property, or of the line.
var (
	inMessage  = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	inProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

var commands = map[Severity]string{Error: "error", Warning: "warning", Note: "notice"}

// shown is how many annotations of a kind GitHub shows of a step: it drops the others
// without a word.
const shown = 10

// GitHub writes a report as the commands by which GitHub's Actions annotate a change.
func (r *Report) GitHub(w io.Writer) error {
	var b strings.Builder
	most := 0
	for _, s := range []Severity{Error, Warning, Note} {
		most = max(most, r.Count(s))
		for _, f := range r.Findings {
			if f.Severity != s {
				continue
			}
			message := f.about()
			if f.Next != "" {
				message += "\n" + f.Next
			}
			fmt.Fprintf(&b, "::%s file=%s,line=%d,col=%d,title=%s::%s\n", commands[s], inProperty.Replace(strings.TrimPrefix(filepath.ToSlash(f.File), "./")), f.Line, f.Column,
				inProperty.Replace("kscope: "+f.Rule), inMessage.Replace(message))
		}
	}
	for _, u := range r.Untold {
		fmt.Fprintf(&b, "::error title=%s::%s\n", inProperty.Replace("kscope: not judged"), inMessage.Replace(strings.TrimSuffix(u.Says+"\n"+u.Next, "\n")))
	}
	b.WriteString(r.sum())
	if most > shown {
		fmt.Fprintf(&b, " GitHub shows the first %d of each kind.", shown)
	}
	b.WriteString("\n")
	_, err := io.WriteString(w, b.String())
	return err
}
