// Package beanstalkd measures the tubes that triggers of type beanstalkd name, and puts
// jobs into them. It is the smallest of the brokers, and the one to begin a new one from.
package beanstalkd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/triggers"
)

// New is the protocol of beanstalkd.
func New() protocol.Protocol { return tubes{} }

type tubes struct{}

// Key is the server: beanstalkd knows no users.
func (tubes) Key(p triggers.Parameters) (string, error) {
	if p.Text("server") == "" {
		return "", &kscope.Trouble{Message: "the trigger names no server", Hint: "give it server: HOST:PORT"}
	}
	return p.Text("server"), nil
}

// Pace is as often as one likes: the server counts anyway.
func (tubes) Pace(triggers.Parameters) time.Duration { return 0 }

// Connect dials.
func (tubes) Connect(ctx context.Context, p triggers.Parameters, dial protocol.Dial) (protocol.Client, error) {
	conn, err := dial(ctx, "tcp", p.Text("server"))
	if err != nil {
		return nil, err
	}
	return &client{Conn: conn, in: bufio.NewReader(conn), address: p.Text("server")}, nil
}

// client is one connection.
type client struct {
	net.Conn
	in      *bufio.Reader
	address string
	version string
	used    string // the tube that jobs go into
}

// Describe says what the server says of itself.
func (c *client) Describe() kscope.Connection {
	return kscope.Connection{Address: c.address, Version: c.version}
}

// Close hangs up.
func (c *client) Close() { _ = c.Conn.Close() }

// Measure asks for what every tube holds. KEDA counts what is ready and what is reserved,
// and what is delayed where the trigger says so; a tube that is not there holds nothing.
func (c *client) Measure(ctx context.Context, queues []protocol.Queue, readings []broker.Reading) error {
	defer c.until(ctx)()
	if c.version == "" {
		stats, err := c.stats("stats")
		if err != nil {
			return err
		}
		c.version = "beanstalkd " + strings.Trim(stats["version"], `"`)
	}
	for i, q := range queues {
		err := named(q)
		var stats map[string]string
		if err == nil {
			stats, err = c.stats("stats-tube " + q.Text("tube"))
		}
		switch {
		case errors.Is(err, errNotFound):
			readings[i] = broker.Reading{Type: "none"}
		case errors.Is(err, errTube):
			readings[i] = broker.Reading{Err: err, Own: true}
		case err != nil:
			return err
		default:
			if readings[i], err = reading(stats, q.On("includeDelayed")); err != nil {
				return err
			}
		}
	}
	return nil
}

func reading(stats map[string]string, delayed bool) (broker.Reading, error) {
	var wrong error
	number := func(name string) float64 {
		text, said := stats["current-jobs-"+name]
		n, err := strconv.ParseUint(text, 10, 63)
		if err != nil && (said || name == "ready") { // without which it is no tube
			wrong = strange("")
		}
		return float64(n)
	}
	r := broker.Reading{Type: "tube", N: number("ready") + number("reserved")}
	r.Parts = [kscope.MaxParts]kscope.Part{{Name: "ready", N: number("ready")}, {Name: "reserved", N: number("reserved")}, {Name: "delayed", N: number("delayed")}, {Name: "buried", N: number("buried")}}
	if delayed {
		r.N += number("delayed")
	}
	if n := stats["current-watching"]; n != "" {
		r.Note = "watched by " + n
	}
	return r, wrong
}

// letters are those that the name of a tube has: others end a command, or begin another.
const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-+/;.$_()"

// named is nil where the tube of a trigger has a name that beanstalkd takes, by its
// protocol and by KEDA's library.
func named(q protocol.Queue) error {
	tube := q.Text("tube")
	if tube == "" || len(tube) > 200 || tube[0] == '-' || strings.Trim(tube, letters) != "" {
		return errTube
	}
	return nil
}

// until has the connection end with a context.
func (c *client) until(ctx context.Context) (stop func()) {
	end, _ := ctx.Deadline()
	_ = c.SetDeadline(end)
	cancel := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	return func() { cancel() }
}

var errNotFound = errors.New("not found")

// stats is what the server answers to a command of that kind: lines of names and values.
func (c *client) stats(command string) (map[string]string, error) {
	if _, err := fmt.Fprintf(c, "%s\r\n", command); err != nil {
		return nil, err
	}
	line, err := c.line()
	if err != nil {
		return nil, err
	}
	text, ok := strings.CutPrefix(line, "OK ")
	size, err := strconv.Atoi(text)
	switch {
	case line == "NOT_FOUND":
		return nil, errNotFound
	case !ok || err != nil || size < 0 || size > 1<<20:
		return nil, strange(line)
	}
	b := make([]byte, size+len("\r\n"))
	for n := 0; n < len(b); {
		m, err := c.in.Read(b[n:])
		if err != nil {
			return nil, err
		}
		n += m
	}
	out := map[string]string{}
	for line := range strings.Lines(string(b)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ": "); ok {
			out[name] = value
		}
	}
	return out, nil
}

// line is the first line of an answer.
func (c *client) line() (string, error) {
	line, err := c.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", strange("")
	}
	return strings.TrimRight(string(line), "\r\n"), err
}

var errTube error = &kscope.Trouble{Message: "beanstalkd takes no tube of that name", Hint: "check the tube in the trigger"}

// strange is an answer that makes no sense.
func strange(line string) error {
	switch line {
	case "OUT_OF_MEMORY":
		return &kscope.Trouble{Message: "beanstalkd is out of memory", Hint: "have jobs taken, or give it more"}
	case "DRAINING":
		return &kscope.Trouble{Message: "beanstalkd is draining: it takes no new jobs", Hint: "it was told so by SIGUSR1; start it again"}
	case "JOB_TOO_BIG":
		return &kscope.Trouble{Message: "the job is larger than beanstalkd takes", Hint: "its -z raises that"}
	case "BAD_FORMAT":
		return errTube
	}
	return &kscope.Trouble{Message: "what answers is not beanstalkd", Hint: "check the port"}
}

// Jobs have the priority of those that are neither urgent nor not, no delay, and so many
// seconds for a worker to do one.
const (
	priority = 1024
	toRun    = 60
)

// Push puts jobs into a tube: all are sent, then the answers are counted.
func (c *client) Push(ctx context.Context, q protocol.Queue, b *broker.Batch) (did broker.Outcome) {
	if err := named(q); err != nil {
		return broker.Outcome{Err: err}
	}
	defer c.until(ctx)()
	if tube := q.Text("tube"); c.used != tube {
		if _, err := fmt.Fprintf(c, "use %s\r\n", tube); err != nil {
			return broker.Outcome{Err: err}
		}
		if line, err := c.line(); err != nil || !strings.HasPrefix(line, "USING ") {
			return broker.Outcome{Err: orStrange(err, line)}
		}
		c.used = tube
	}
	failed := make(chan error, 1)
	go func() { // while the answers are read, lest both sides wait for the other
		out := bufio.NewWriterSize(c, 64<<10)
		for _, job := range b.Jobs {
			if _, err := fmt.Fprintf(out, "put %d 0 %d %d\r\n%s\r\n", priority, toRun, len(job), job); err != nil {
				failed <- err
				return
			}
		}
		failed <- out.Flush()
	}()
	for range b.Jobs {
		line, err := c.line()
		if err != nil {
			did.Err = err
			break
		}
		if strings.HasPrefix(line, "INSERTED ") {
			did.Accepted++
		} else if did.Err == nil {
			did.Err = strange(line)
		}
	}
	if did.Err != nil && !isTrouble(did.Err) {
		_ = c.SetDeadline(time.Unix(1, 0)) // the other half gives up too
		did.Unknown = int64(len(b.Jobs)) - did.Accepted
	}
	if err := <-failed; did.Err == nil {
		did.Err = err
	}
	return did
}

func isTrouble(err error) bool {
	_, ok := errors.AsType[*kscope.Trouble](err)
	return ok
}

func orStrange(err error, line string) error {
	if err != nil {
		return err
	}
	return strange(line)
}

// Purge takes every job that is ready and deletes it; what a worker holds stays.
func (c *client) Purge(ctx context.Context, q protocol.Queue) (lost int64, err error) {
	if err := named(q); err != nil {
		return 0, err
	}
	defer c.until(ctx)()
	if _, err := fmt.Fprintf(c, "watch %s\r\n", q.Text("tube")); err != nil {
		return 0, err
	}
	if line, err := c.line(); err != nil || !strings.HasPrefix(line, "WATCHING ") {
		return 0, orStrange(err, line)
	}
	if tube := q.Text("tube"); tube != "default" {
		if _, err := fmt.Fprint(c, "ignore default\r\n"); err != nil {
			return 0, err
		}
		if line, err := c.line(); err != nil || !strings.HasPrefix(line, "WATCHING ") {
			return 0, orStrange(err, line)
		}
	}
	for {
		if _, err := fmt.Fprint(c, "reserve-with-timeout 0\r\n"); err != nil {
			return lost, err
		}
		line, err := c.line()
		if err != nil {
			return lost, err
		}
		var id uint64
		var size int
		switch n, _ := fmt.Sscanf(line, "RESERVED %d %d", &id, &size); {
		case line == "TIMED_OUT":
			return lost, nil
		case n != 2 || size < 0:
			return lost, strange(line)
		}
		if _, err := c.in.Discard(size + len("\r\n")); err != nil {
			return lost, err
		}
		if _, err := fmt.Fprintf(c, "delete %d\r\n", id); err != nil {
			return lost, err
		}
		if line, err := c.line(); err != nil || line != "DELETED" {
			return lost, orStrange(err, line)
		}
		lost++
	}
}
