package dashboard_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/kscope/kscope/e2e/screen"
)

// kscope starts the program in a terminal of 120x29, where the chain is written
// in small letters, as the administrator of the cluster. Options may change the
// terminal, and Env the kubeconfig.
func kscope(t *testing.T, o screen.Options, args ...string) *screen.Screen {
	t.Helper()
	if o.Cols == 0 {
		o.Cols, o.Rows = 120, 29
	}
	o.Env = append([]string{"KUBECONFIG=" + c.Kubeconfig}, o.Env...)
	return screen.Start(t, o, append([]string{binary}, args...)...)
}

// has and lacks are what tests wait for most: words on the screen, all of
// them, or none.
func has(words ...string) func(string) bool {
	return func(text string) bool {
		for _, w := range words {
			if !strings.Contains(text, w) {
				return false
			}
		}
		return true
	}
}

func lacks(words string) func(string) bool {
	return func(text string) bool { return !strings.Contains(text, words) }
}

func both(a, b func(string) bool) func(string) bool {
	return func(text string) bool { return a(text) && b(text) }
}

// chainIs waits for exactly these links.
func chainIs(want links) func(string) bool {
	return func(text string) bool {
		got, ok := chain(text)
		return ok && got == want
	}
}

// number is the first number that a pattern's group finds on the screen.
func number(text, pattern string) (string, bool) {
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if m == nil {
		return "", false
	}
	return m[1], true
}

// filled counts the cells of the chart that are painted as queue, by a
// background or, without colours, by a shade.
func filled(s *screen.Screen) int {
	n := 0
	for y, line := range strings.Split(s.Text(), "\n") {
		row := []rune(line)
		from, to := slices.Index(row, '│'), lastIndex(row, '│')
		if from < 0 || from == to {
			continue
		}
		for x := from + 1; x < to; x++ {
			if cell := s.Cell(x, y); cell.Style.Bg != nil || strings.Contains("▁▂▃▄▅▆▇█░▒▓#", cell.Content) {
				n++
			}
		}
	}
	return n
}

func lastIndex(row []rune, r rune) int {
	for i := len(row) - 1; i >= 0; i-- {
		if row[i] == r {
			return i
		}
	}
	return -1
}

// axisMarks is the rows under the chart's times, where marks stand.
func axisMarks(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if !axisTimes.MatchString(line) || i+2 >= len(lines) {
			continue
		}
		line, _, _ = strings.Cut(line, "now")
		now := utf8.RuneCountInString(line) + len("now")
		past := func(row string) string { r := []rune(row); return strings.TrimRight(string(r[:min(now, len(r))]), " ") }
		rows := past(lines[i+1])
		if !strings.HasPrefix(lines[i+2], " Why") {
			rows += "\n" + past(lines[i+2])
		}
		return rows
	}
	return ""
}

// axisTimes is the row of the times: what is expected is right of now.
var axisTimes = regexp.MustCompile(`^ +-\d\w* .*\bnow\b`)

var timelineEntry = regexp.MustCompile(`(?m) \d\d:\d\d:\d\d +(?:[^\w\s] +)?(\w.*)$`)

// timeline is the entries on the screen without their time of day and sign,
// their words separated by one blank.
func timeline(text string) []string {
	var out []string
	for _, m := range timelineEntry.FindAllStringSubmatch(text, -1) {
		out = append(out, strings.Join(strings.Fields(m[1]), " "))
	}
	return out
}
