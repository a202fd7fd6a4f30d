package k8s

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/streaming/pkg/httpstream"

	"github.com/kscope/kscope"
)

// forwarded is a connection to a port of a pod. The streams underneath know no
// deadlines, so the bytes go through a pipe that does.
type forwarded struct {
	net.Conn // our end of the pipe
	streams  httpstream.Connection
	pod      backend
	fail     func() // the pod did not take the connection

	mu  sync.Mutex
	why error // what ended it, if the other side said
}

// told is how long the words for an end are waited for once it is there.
const told = 200 * time.Millisecond

// newForwarded opens the two streams of a forwarded port.
func newForwarded(streams httpstream.Connection, pod backend, fail func()) (*forwarded, error) {
	errs, err := streams.CreateStream(streamHeaders(corev1.StreamTypeError, pod.port))
	if err != nil {
		return nil, err
	}
	_ = errs.Close() // nothing is written to it; reading goes on
	data, err := streams.CreateStream(streamHeaders(corev1.StreamTypeData, pod.port))
	if err != nil {
		return nil, err
	}
	ours, theirs := net.Pipe()
	c := &forwarded{Conn: ours, streams: streams, pod: pod, fail: fail}
	said := make(chan struct{})
	go func() {
		defer close(said)
		text, _ := io.ReadAll(io.LimitReader(errs, 4096))
		if len(text) > 0 {
			c.end(string(text))
			_ = theirs.Close()
		}
	}()
	go func() {
		_, _ = io.Copy(theirs, data)
		select { // the end of the data and the reason for it come separately
		case <-said:
		case <-time.After(told):
		}
		_ = theirs.Close()
	}()
	go func() {
		_, _ = io.Copy(data, theirs)
		_ = data.Close()
	}()
	return c, nil
}

// end notes in plain words why the pod's side ended it.
func (c *forwarded) end(text string) {
	c.fail()
	e := &kscope.Trouble{Message: kscope.Clean("the port-forward to pod " + c.pod.String() + " ended: " + strings.TrimSpace(text))}
	if strings.Contains(text, "refused") {
		e.Message = c.pod.listensNot()
		e.Hint = "does anything run there, and is the port right?"
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.why = e
}

// Read reads what the pod sent. When the pod's side has ended the connection
// and said why, the error is a [*kscope.Trouble] with that.
func (c *forwarded) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		err = c.because(err)
	}
	return n, err
}

// Write sends to the pod; errors as with Read.
func (c *forwarded) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		err = c.because(err)
	}
	return n, err
}

func (c *forwarded) because(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.why != nil {
		return c.why
	}
	if errors.Is(err, io.ErrClosedPipe) { // what a pipe calls it
		return io.EOF
	}
	return err
}

// Close ends the connection and everything underneath.
func (c *forwarded) Close() error {
	err := c.Conn.Close()
	_ = c.streams.Close()
	return err
}

// Through says what the connection goes through.
func (c *forwarded) Through() string { return "by a port-forward to pod " + c.pod.String() }
