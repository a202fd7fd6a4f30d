package dashboard_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kscope/kscope/e2e/screen"
)

// attacks are what a terminal would act upon, or what would turn words around.
// None of them is a sequence that kscope has a use for.
var attacks = []string{
	"\x1b]0;attacked\x07",        // the window's title
	"\x1b]52;c;YXR0YWNr\x07",     // the clipboard
	"\x1b]8;;http://attack\x07",  // a link
	"\x1b[6;66r",                 // scrolling
	"\x1b[5;35m",                 // blinking magenta
	"\x1bP+q544e\x1b\\",          // a question that the terminal would type the answer to
	"\u009b31m",                  // CSI in one character
	"\u202e", "\u2066", "\u200f", // right to left
	"\r\bover", "\x00", "\x7f",
}

// before and after are words that differ by more than a number: what differs by
// that alone is counted in one row.
func before(i int) string { return "before" + string(rune('a'+i)) }
func after(i int) string  { return "after" + string(rune('a'+i)) }

// TestTextFromTheCluster puts escape sequences wherever somebody with access to
// the cluster could, and searches every byte that reaches the terminal.
func TestTextFromTheCluster(t *testing.T) {
	t.Parallel()
	ns := newNamespace(t, "hostile")
	w := scaledWorker{namespace: ns, list: ns + `\u001b[5;35m\u202elist`}
	w.apply(t)
	s := kscope(t, screen.Options{Cols: 200, Rows: 55}, "-n", ns)
	s.WaitFor(patience, "chain", has("worker-scaler", "KEDA", "HPA"))
	for i, a := range attacks {
		e := &eventsv1.Event{
			ObjectMeta:          metav1.ObjectMeta{Name: fmt.Sprintf("attack-%d", i)},
			EventTime:           metav1.NewMicroTime(time.Now()),
			ReportingController: "attacker",
			ReportingInstance:   "attacker",
			Action:              "Attack",
			Reason:              "Attack",
			Type:                corev1.EventTypeWarning,
			Note:                before(i) + a + after(i),
			Regarding: corev1.ObjectReference{
				APIVersion: "keda.sh/v1alpha1", Kind: "ScaledObject", Namespace: ns, Name: "worker-scaler",
			},
		}
		if _, err := c.Client.EventsV1().Events(ns).Create(t.Context(), e, metav1.CreateOptions{}); err != nil {
			t.Fatalf("event with %q: %v", a, err)
		}
	}
	last := len(attacks) - 1
	text := s.WaitFor(patience, "last event", has(before(last), after(last)))
	for i := range attacks {
		if !has(before(i), after(i))(text) {
			t.Errorf("the words of event %d are not on the screen:\n%s", i, text)
		}
	}
	s.Press("/") // and where text is typed
	s.Settle(patience, time.Second)
	raw := s.Raw()
	for _, a := range attacks {
		if at := bytes.Index(raw, []byte(a)); at >= 0 {
			t.Errorf("%q reached the terminal: %q", a, raw[max(at-30, 0):min(at+30, len(raw))])
		}
	}
}
