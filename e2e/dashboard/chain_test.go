package dashboard_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// links are the values in the chain at the top of the screen.
type links struct{ queue, keda, hpa, target, pods string }

// chain reads the links, whether they are written in small letters or in big
// ones. It fails only where there is no chain on the screen.
func chain(text string) (links, bool) {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.Count(line, "→") != 4 {
			continue
		}
		f := strings.Split(line, "→")
		if i > 2 { // the middle of big letters: above and below is more of them
			if f = bigChain(lines[i-1 : i+3]); f == nil {
				continue
			}
		}
		for i := range f {
			f[i] = since.ReplaceAllString(strings.Trim(f[i], " ▌─┈"), "?")
		}
		return links{f[0], f[1], f[2], f[3], f[4]}, true
	}
	return links{}, false
}

// bigDigits are the characters as they are written over three rows. The O is
// the zero.
var bigDigits = map[string]string{
	"█▀█|█ █|▀▀▀": "0", "▀█ | █ |▀▀▀": "1", "▀▀█|█▀▀|▀▀▀": "2", "▀▀█|▀▀█|▀▀▀": "3", "█ █|▀▀█|  ▀": "4",
	"█▀▀|▀▀█|▀▀▀": "5", "█▀▀|█▀█|▀▀▀": "6", "▀▀█|  █|  ▀": "7", "█▀█|█▀█|▀▀▀": "8", "█▀█|▀▀█|▀▀▀": "9",
	"  █|▄▀ |▀  ": "/", " | |█": ",", "▀▀█| ▀▀| ▀ ": "?", "█▄  █|█ ▀▄█|▀   ▀": "N", "█▀▀|█▀ |▀  ": "F", "█ ▄|█▀▄|▀ ▀": "k",
}

var (
	linkWord = regexp.MustCompile(`[^\s\w▌…] [A-Za-z0-9]`) // a sign and a word
	since    = regexp.MustCompile(`^\? +\w+ ago$`)         // an unknown value, with when it was known last
	lag      = regexp.MustCompile(`\+[\dhms]+`)            // of a link behind the one before it, above the arrow
)

// bigChain reads links in big letters: three rows of them, and a row of words
// that says where each link begins. They are legible without colours only,
// where whole cells are blocks and not painted blanks.
func bigChain(lines []string) []string {
	rows := make([][]rune, 3)
	for i := range rows {
		rows[i] = []rune(lag.ReplaceAllStringFunc(lines[i], func(s string) string { return strings.Repeat(" ", len(s)) }))
	}
	for len(rows[1]) < max(len(rows[0]), len(rows[2])) {
		rows[1] = append(rows[1], ' ')
	}
	begins := linkWord.FindAllStringIndex(lines[3], -1)
	if len(begins) != 5 {
		return nil
	}
	out := make([]string, 5)
	for i, b := range begins {
		from, to := len([]rune(lines[3][:b[0]])), len(rows[1])
		if arrow := slices.IndexFunc(rows[1][min(from, to):], func(r rune) bool { return strings.ContainsRune("─┈→", r) }); arrow >= 0 {
			to = from + arrow
		}
		out[i] = readBig(rows, from, to)
	}
	out[1] = strings.NewReplacer("0N", "active", "0FF", "inactive").Replace(out[1])
	if n, ok := strings.CutSuffix(out[2], " wanted"); ok {
		out[2] = "wants " + n
	}
	return out
}

// readBig reads the columns of three rows: big characters, then maybe small
// ones on the lowest row, or small ones on the middle row alone.
func readBig(rows [][]rune, from, to int) string {
	at := func(row, x int) rune {
		if x < len(rows[row]) && x < to {
			return rows[row][x]
		}
		return ' '
	}
	blank := func(x int) bool { return at(0, x) == ' ' && at(1, x) == ' ' && at(2, x) == ' ' }
	var out strings.Builder
	for x := from; x < to; x++ {
		if blank(x) {
			continue
		}
		end := x
		for end < to && !blank(end) {
			end++
		}
		var shape []string
		for row := range rows {
			var b strings.Builder
			for i := x; i < end; i++ {
				b.WriteRune(at(row, i))
			}
			shape = append(shape, b.String())
		}
		digit, ok := bigDigits[strings.Join(shape, "|")]
		if !ok { // not a shape of blocks: small letters
			if out.Len() > 0 && out.String() != "~" {
				out.WriteByte(' ')
			}
			digit = strings.TrimSpace(strings.Join(shape, ""))
		}
		out.WriteString(digit)
		x = end
	}
	return out.String()
}

func TestChainIsRead(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		screen string
		want   links
	}{
		{` kscope  ctx  demo/worker-scaler → deployment/queue-worker   draining     ● LIVE  19:21
  orders          KEDA   poll 5s  ▌HPA    max 10   queue-worker    pods
  26            → active         →▌wants 10      → 10/10         → 10 ready
  ✓ has work      ✓ active        ▌✓ at max        ✓ complete      ✓ all ready`,
			links{"26", "active", "wants 10", "10/10", "10 ready"}},
		{` kscope  ctx  demo/worker-scaler → deployment/queue-worker   cooling down     ● LIVE  19:21

  orders                  ▌KEDA     poll 5s        HPA      max 10        queue-worker                pods
  █▀█                     ▌  ▀▀█ █▀▀        +15s   ▀█  █▀█                ▀█  █▀█   █ ▀█  █▀█         ▀█  █▀█
  █ █               ┈┈┈┈→ ▌~ █▀▀ ▀▀█        ┈┈┈┈→   █  █ █         ────→   █  █ █ ▄▀   █  █ █  ────→   █  █ █
  ▀▀▀                     ▌  ▀▀▀ ▀▀▀ s to 0        ▀▀▀ ▀▀▀ wanted         ▀▀▀ ▀▀▀ ▀   ▀▀▀ ▀▀▀         ▀▀▀ ▀▀▀ ready
  ○ empty                 ▌◇ cooling down          ✓ at max               ✓ complete                  ✓ all ready`,
			links{"0", "~25 s to 0", "wants 10", "10/10", "10 ready"}},
		{` kscope  ctx  demo/worker-scaler → deployment/queue-worker                            asleep      ● LIVE  19:26

 ▌orders                   KEDA     poll 5s        HPA      max 10        queue-worker                pods
 ▌█▀█               +26s   █▀█ █▀▀ █▀▀       +1s                          █▀█   █ █▀█         +373ms  █▀█
 ▌█ █               ┈┈┈┈→  █ █ █▀  █▀       ┈┈┈┈→  resting         ┈┈┈┈→  █ █ ▄▀  █ █          ┈┈┈┈→  █ █
 ▌▀▀▀                      ▀▀▀ ▀   ▀                                      ▀▀▀ ▀   ▀▀▀                 ▀▀▀ ready
 ▌○ empty                  ○ nothing to do         ○ at zero              ○ at zero                   ◐ stopping`,
			links{"0", "inactive", "resting", "0/0", "0 ready"}},
		{` kscope  ctx  armed/worker-scaler → deployment/worker   asleep      ● LIVE  19:15

 ▌armed-z5pwj-work…        KEDA     poll 1s        HPA       max 1        worker                      pods
 ▌█▀█                      █▀█ █▀▀ █▀▀                                    █▀█   █ █▀█                 █▀█
 ▌█ █               ┈┈┈┈→  █ █ █▀  █▀      ┈┈┈┈→  resting         ┈┈┈┈→   █ █ ▄▀  █ █         ┈┈┈┈→   █ █
 ▌▀▀▀                      ▀▀▀ ▀   ▀                                      ▀▀▀ ▀   ▀▀▀                 ▀▀▀ ready
 ▌○ empty                  ○ nothing to do        ○ at zero               ○ at zero                   ○ none`,
			links{"0", "inactive", "resting", "0/0", "0 ready"}},
	} {
		if got, ok := chain(tc.screen); !ok || got != tc.want {
			t.Errorf("read %+v, want %+v, of:\n%s", got, tc.want, tc.screen)
		}
	}
}
