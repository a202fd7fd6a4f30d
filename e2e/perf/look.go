package perf

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// links are the numbers in the chain at the top of the detail: jobs in the
// queue, ready and desired replicas as "3/5", ready pods.
type links struct{ queue, target, pods string }

// chain reads the links from a screen that shows them: below a line with their
// names, in large digits or, where those do not fit, in ordinary ones.
func chain(text string) (links, bool) {
	lines := strings.Split(strings.ReplaceAll(text, "▌", " "), "\n") // the bar beside the link that is the reason
	for i, line := range lines {
		names, found := strings.CutSuffix(line, " pods")
		before, _, ok := strings.Cut(names, " KEDA ")
		workload := strings.LastIndex(names, target.Name)
		if !found || !ok || workload < len(before) || i+largeRows >= len(lines) {
			continue
		}
		var band [largeRows][]rune
		for y := range band {
			band[y] = []rune(lines[i+1+y])
		}
		keda, deployment, pods := width(before), width(names[:workload]), width(names)
		return links{valueIn(band, 0, keda), valueIn(band, deployment, pods), valueIn(band, pods, cols)}, true
	}
	return links{}, false
}

func width(s string) int { return utf8.RuneCountInString(s) }

var aValue = regexp.MustCompile(`^[0-9][0-9,]*(/[0-9]+)?$`)

// valueIn is the number that stands between two columns.
func valueIn(band [largeRows][]rune, from, to int) string {
	for y, row := range band {
		band[y] = row[min(from, len(row)):min(to, len(row))]
	}
	if large := readLarge(band); large != "" {
		return large
	}
	for _, row := range band {
		for word := range strings.FieldsSeq(string(row)) {
			if aValue.MatchString(word) {
				return word
			}
		}
	}
	return ""
}

// replicas splits "3/5" into what is ready and what is desired.
func replicas(s string) (ready, desired int, ok bool) {
	a, b, found := strings.Cut(s, "/")
	ready, err1 := strconv.Atoi(a)
	desired, err2 := strconv.Atoi(b)
	return ready, desired, found && err1 == nil && err2 == nil
}

func number(s string) (int, bool) {
	n, err := strconv.Atoi(strings.ReplaceAll(s, ",", ""))
	return n, err == nil
}

// detailComplete reports whether the detail knows queue and replicas.
func detailComplete(text string) bool {
	l, ok := chain(text)
	if !ok {
		return false
	}
	_, queue := number(l.queue)
	_, _, workload := replicas(l.target)
	_, pods := number(l.pods)
	return queue && workload && pods
}

// overviewRow is what a row of the overview says.
type overviewRow struct{ name, queue, ready string }

var inAll = regexp.MustCompile(`(?m) of ([0-9,]+)$`)

// overview reads the rows that are visible, and how many there are in all.
func overview(text string) (visible []overviewRow, total int) {
	if m := inAll.FindStringSubmatch(text); m != nil {
		total, _ = number(m[1])
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		head := []rune(line)
		queue, ready := rightOf(head, "QUEUE"), rightOf(head, "READY")
		if !strings.Contains(line, "SCALEDOBJECT") || queue < 0 || ready < 0 {
			continue
		}
		for _, line := range lines[i+1:] {
			row := []rune(line)
			f := strings.Fields(line)
			if len(f) < 2 || !strings.Contains(f[1], "/") {
				break // below the table
			}
			visible = append(visible, overviewRow{f[1], endingAt(row, queue), endingAt(row, ready)})
		}
		break
	}
	return visible, total
}

// overviewComplete reports whether the overview counts all rows and knows the
// queue and the replicas of those that are visible.
func overviewComplete(want int) func(text string) bool {
	return func(text string) bool {
		visible, total := overview(text)
		if total != want || len(visible) < min(want, rows-5) {
			return false
		}
		for _, r := range visible {
			_, queue := number(r.queue)
			if _, _, ok := replicas(r.ready); !ok || !queue {
				return false
			}
		}
		return true
	}
}

// rightOf is the column after a word, -1 if it is not there.
func rightOf(line []rune, word string) int {
	before, _, ok := strings.Cut(string(line), word)
	if !ok {
		return -1
	}
	return width(before) + len(word)
}

// endingAt is the word whose last character stands before a column.
func endingAt(line []rune, x int) string {
	if x > len(line) {
		return ""
	}
	from := x
	for from > 0 && line[from-1] != ' ' {
		from--
	}
	return string(line[from:x])
}

// wants is a screen that shows so many desired replicas: in the detail, or in
// a row of the overview.
func wants(name string, n int) func(text string) bool {
	return func(text string) bool {
		if l, ok := chain(text); ok {
			_, desired, ok := replicas(l.target)
			return ok && desired == n
		}
		visible, _ := overview(text)
		for _, r := range visible {
			if r.name == name {
				_, desired, ok := replicas(r.ready)
				return ok && desired == n
			}
		}
		return false
	}
}

// queueIs is a detail that shows so many jobs.
func queueIs(n int) func(text string) bool {
	return func(text string) bool {
		l, ok := chain(text)
		got, known := number(l.queue)
		return ok && known && got == n
	}
}

// firstFrame is the screen that stands before anything has been answered: the
// title in the first line, and the body below it.
func firstFrame(text string) bool {
	head, body, _ := strings.Cut(text, "\n")
	return strings.Contains(head, "kscope") && strings.TrimSpace(body) != ""
}
