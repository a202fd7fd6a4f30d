package protocol

import (
	"net/http"

	"github.com/kscope/kscope"
)

// mostRedirects is how many redirects are followed, as many as by other clients.
const mostRedirects = 10

var (
	errElsewhere = &kscope.Trouble{Message: "the server sends on to another host, where the login of the trigger does not go", Hint: "name that host in the trigger, if it is to have the login"}
	errInTheOpen = &kscope.Trouble{Message: "the server sends on from https to http, where the login of the trigger does not go", Hint: "name the address in the trigger that it sends to, if the login is to travel in the open"}
)

// redirect says whether a redirect is followed. What is posted is sent once, and not to
// somebody else. What says who asks may be any header, also one that net/http would take
// along: nothing of that goes to another host, or in the open where it did not before. The
// address that it comes from is not told, since the query may have a secret.
func (w *Web) redirect(next *http.Request, before []*http.Request) error {
	first := before[0]
	if first.Method != http.MethodGet || len(before) >= mostRedirects {
		return http.ErrUseLastResponse
	}
	next.Header.Del("Referer")
	_, plain := w.Transport.(*http.Transport) // another may add a token to each request
	if plain && len(first.Header) == 0 && w.User == nil && first.URL.User == nil {
		return nil
	}
	switch {
	case next.URL.Hostname() != first.URL.Hostname():
		return errElsewhere
	case first.URL.Scheme == "https" && next.URL.Scheme != "https":
		return errInTheOpen
	}
	return nil
}
