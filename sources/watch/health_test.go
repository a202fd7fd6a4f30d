package watch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kscope/kscope"
)

func TestExplain(t *testing.T) {
	lost := func(port int) error {
		return &url.Error{Op: "Get", URL: fmt.Sprintf("https://x?rv=%d", port), Err: &net.OpError{Op: "read", Net: "tcp",
			Source: &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: port}, Addr: &net.TCPAddr{IP: net.IPv4(10, 0, 0, 2), Port: 443}, Err: syscall.ECONNRESET}}
	}
	if a, b := Explain(lost(4000)), Explain(lost(4001)); a != b {
		t.Errorf("two attempts make two statuses: %v, %v", a, b)
	}
	for _, test := range []struct {
		err     error
		state   kscope.State
		message string
		hint    string
	}{
		{forbidden, kscope.Forbidden, "you may not watch them", "permission"},
		{absent, kscope.Absent, `things "" not found`, ""},
		{apierrors.NewGenericServerResponse(http.StatusNotFound, "list", schema.GroupResource{Group: "keda.sh", Resource: "scaledobjects"}, "", "404 page not found", 0, true),
			kscope.Absent, "the server could not find the requested resource (list scaledobjects.keda.sh)", ""},
		{apierrors.NewForbidden(schema.GroupResource{Resource: "things"}, "", errors.New(`User "eve" cannot list resource "things"`)),
			kscope.Forbidden, "you may not watch them as eve", "permission"},
		{apierrors.NewUnauthorized("Unauthorized"), kscope.Failing, "Unauthorized", "log in"},
		{&url.Error{Op: "Get", URL: "u", Err: errors.New("getting credentials: exec: executable aws not found")}, kscope.Failing, "getting credentials: exec: executable aws not found", "credential plugin"},
		{&net.DNSError{Err: "no such host", Name: "x", IsNotFound: true}, kscope.Failing, "lookup x: no such host", "name"},
		{apierrors.NewServiceUnavailable("etcd is \x1b[31mdown"), kscope.Failing, "etcd is down", ""},
		{context.DeadlineExceeded, kscope.Failing, "context deadline exceeded", "network"},
	} {
		got := Explain(test.err)
		if got.State != test.state || got.Message != test.message || !strings.Contains(got.Hint, test.hint) || test.hint == "" && got.Hint != "" {
			t.Errorf("%v:\ngot  %+v\nwant %v %q %q", test.err, got, test.state, test.message, test.hint)
		}
	}
}
