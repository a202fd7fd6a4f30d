package watch

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kscope/kscope"
)

// errShort is a stream that ended as soon as it began. client-go gives such a
// stream instead of some errors of the connection.
var errShort = errors.New("the API server ended the watch at once")

// brokenError is a stream that broke while it was open.
type brokenError struct{ error }

func (e brokenError) Unwrap() error { return e.error }

// streamError is the error that an event of a stream carries.
func streamError(obj runtime.Object) error {
	err := apierrors.FromObject(obj)
	if apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) {
		return err
	}
	return brokenError{err}
}

// judge takes how a turn ended, says so where it matters, and gives the time to
// wait before the next. One broken or short stream is the ordinary life of a
// watch, and no news; the second in a row is.
func (r *run) judge(err error) time.Duration {
	if err == nil {
		r.failures = 0
		return 0
	}
	if outdated(err, r.version) {
		listing := r.version == ""
		r.version = ""
		r.stale++
		if listing && r.stale > 5 { // within 8 s; of a watch it is no news: the list that follows is current
			r.say(Explain(err))
		}
		return backoff(r.stale-1, 3*time.Second)
	}
	r.failures++
	var broken brokenError
	if r.failures == 1 && errors.As(err, &broken) {
		return 0
	}
	if r.failures == 1 && errors.Is(err, errShort) {
		return backoff(r.failures, 3*time.Second)
	}
	s := Explain(err)
	limit := 3 * time.Second
	switch s.State {
	case kscope.Absent:
		s.Hint, limit = r.AbsentHint, 10*time.Second
		r.version = ""
	case kscope.Forbidden:
		limit = 30 * time.Second
	}
	r.say(s)
	asked, _ := apierrors.SuggestsClientDelay(err) // in seconds
	return max(backoff(r.failures, limit), min(time.Duration(asked)*time.Second, 30*time.Second))
}

// outdated reports whether an error says that nothing follows from a version
// any more, so that a list is due: after too long an absence, or at a server
// whose data was put back to an earlier time, or is another's by now.
func outdated(err error, version string) bool {
	return apierrors.IsResourceExpired(err) || apierrors.IsGone(err) ||
		version != "" && (apierrors.IsBadRequest(err) || apierrors.HasStatusCause(err, metav1.CauseTypeResourceVersionTooLarge))
}

// who names the user that a refusal names, so that it is clear whose
// permissions lack: the API's own sentence is longer than a footer.
func who(err error) string {
	_, rest, _ := strings.Cut(err.Error(), `User "`)
	name, _, ok := strings.Cut(rest, `"`)
	if !ok {
		return ""
	}
	return " as " + kscope.Clean(name)
}

// backoff doubles from half a second up to limit; the first retry is at once.
func backoff(n int, limit time.Duration) time.Duration {
	if n <= 0 {
		return 0
	}
	return min(limit, 250*time.Millisecond<<min(n, 10))
}

// well says that what is known is current, but for objects that could not be
// read.
func (r *run) well() {
	if r.version == "" && !r.said.State.Current() {
		return // in the middle of a list
	}
	r.failures = 0
	if len(r.odd) == 0 {
		r.say(kscope.Status{State: kscope.Synced})
		return
	}
	first := slices.SortedFunc(maps.Keys(r.odd), func(a, b kscope.Ref) int { return strings.Compare(a.String(), b.String()) })[0]
	r.say(kscope.Status{State: kscope.Partly, Message: kscope.Clean(first.String() + " " + r.odd[first]),
		Hint: "the other objects are current; please report this"})
}

func (r *run) silent(after time.Duration) {
	r.say(kscope.Status{State: kscope.Failing,
		Message: fmt.Sprintf("no answer from the API server for %v", after),
		Hint:    "check the network, a VPN or a proxy"})
}

// say emits a status if it differs from the one before.
func (r *run) say(s kscope.Status) {
	s.Kind = r.Kind.Kind
	if s != r.said {
		r.said = s
		r.emit(s)
	}
}

// Explain gives the state, message and hint that an error of the API amounts
// to.
func Explain(err error) kscope.Status {
	s := kscope.Status{State: kscope.Failing, Message: kscope.Clean(plain(err))}
	var unknown x509.UnknownAuthorityError
	var dns *net.DNSError
	switch {
	case apierrors.IsForbidden(err):
		s.State = kscope.Forbidden
		s.Message = "you may not watch them" + who(err)
		s.Hint = "ask for permission to get, list and watch; kscope looks again every 30 s"
	case apierrors.IsNotFound(err), meta.IsNoMatchError(err):
		s.State = kscope.Absent
	case apierrors.IsUnauthorized(err):
		s.Hint = "the credentials were refused: log in to the cluster again"
	case strings.Contains(s.Message, "getting credentials"):
		s.Hint = "the credential plugin of the kubeconfig failed: log in to the cluster again"
	case apierrors.IsTooManyRequests(err):
		s.Hint = "the API server asks for patience"
	case errors.As(err, &unknown):
		s.Hint = "check certificate-authority in the kubeconfig"
	case errors.Is(err, syscall.ECONNREFUSED):
		s.Hint = "is the API server running, and is this the right context?"
	case errors.As(err, &dns):
		s.Hint = "check the server's name in the kubeconfig, the network or a VPN"
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		s.Hint = "check the network, a VPN or a proxy"
	}
	return s
}

// plain is the message of an error without what differs between two attempts
// (the URL with its resource version, the local port), so that a lasting
// failure is one status and not many.
func plain(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Source != nil {
		c := *op
		c.Source = nil
		err = &c
	}
	return err.Error()
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}
