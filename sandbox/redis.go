package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sandbox/brokers"
	"github.com/kscope/kscope/sandbox/redisd"
	"github.com/kscope/kscope/sandbox/resolve"
	"github.com/kscope/kscope/triggers"
	"github.com/kscope/kscope/triggers/params"
)

// redis is the one Redis server of the sandbox: every address that a trigger
// names leads to it. It keeps its data while it is lost.
type redis struct {
	*redisd.Server
	listens bool
	logins  []redisd.Login // that the triggers have; see logins

	mu      sync.Mutex
	lost    bool
	guarded bool
}

const loopback = "127.0.0.1"

// startRedis listens on a port of the loopback interface, one of the system's
// choosing if it is 0. With listen false it can be reached by dial only. wrote
// is called, from any goroutine, after each command of a client that may have
// changed something; it must not block.
func startRedis(listen bool, port int, wrote func()) (*redis, error) {
	s, err := redisd.New(wrote)
	if err != nil {
		return nil, fmt.Errorf("start redis: %w", err)
	}
	if listen {
		if err := s.Listen(net.JoinHostPort(loopback, strconv.Itoa(port))); err != nil {
			return nil, portError(port, err)
		}
	}
	return &redis{Server: s, listens: listen}, nil
}

func portError(port int, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return &kscope.Trouble{Cause: fmt.Errorf("port %d of %s is in use", port, loopback), Hint: "something else listens there, perhaps a Redis: choose another port, or 0 for one that is free"}
	case errors.Is(err, syscall.EACCES):
		return &kscope.Trouble{Cause: fmt.Errorf("port %d of %s may not be used", port, loopback), Hint: "ports below 1024 are the administrator's"}
	}
	return fmt.Errorf("start redis: %w", err)
}

// address is where the server listens, or the usual port where it does not.
func (r *redis) address() string {
	port := 6379
	if r.listens {
		port = r.Port()
	}
	return net.JoinHostPort(loopback, strconv.Itoa(port))
}

// dial connects to the server, whatever the address.
func (r *redis) dial(ctx context.Context, address string) (net.Conn, error) {
	if r.isLost() {
		return nil, refused(address)
	}
	var conn net.Conn
	if r.listens {
		var err error
		if conn, err = (&net.Dialer{KeepAlive: 15 * time.Second}).DialContext(ctx, "tcp", r.address()); err != nil {
			return nil, err
		}
	} else {
		client, server := net.Pipe()
		r.Serve(server)
		conn = client
	}
	if address != brokers.StandInAddress || !r.isGuarded() {
		return conn, nil
	}
	if err := letIn(ctx, conn); err != nil { // what a list stands in for wants no password of Redis's
		_ = conn.Close() // nobody has it yet
		return nil, err
	}
	return conn, nil
}

func (r *redis) isLost() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lost
}

// lose closes the listener and all connections. The data stays.
func (r *redis) lose() {
	r.mu.Lock()
	r.lost = true
	r.mu.Unlock()
	r.Close()
}

// find brings the server back, with its data, on the port that it had.
func (r *redis) find() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case !r.lost:
		return nil
	case !r.listens:
		r.Open()
	default:
		if err := r.Listen(""); err != nil {
			return portError(r.Port(), err)
		}
	}
	r.lost = false
	return nil
}

// refused is the error of a connection to an address at which nothing listens,
// as the operating system and Go put it.
func refused(address string) error {
	return &net.OpError{Op: "dial", Net: "tcp", Addr: clusterAddress(address), Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
}

// logins are those with which the triggers come to Redis, by the manifests; none where
// one of them comes without, or nobody here can tell, for it is one server that plays
// them all.
func (m Manifests) logins() (out []redisd.Login) {
	find := resolve.Find(m.lookup().find)
	for _, obj := range m.Objects {
		u := asUnstructured(obj)
		if u == nil || u.GetKind() != "ScaledObject" && u.GetKind() != "ScaledJob" {
			continue
		}
		var all []struct {
			Type              string
			Metadata          map[string]string
			AuthenticationRef *resolve.Reference
		}
		into(u, &all, "spec", "triggers")
		pod, _ := m.lookup().template(u)
		for _, t := range all {
			if known, _ := triggers.TypeOf(t.Type); known.Metric == "" {
				continue // it has no queue
			}
			v := params.Values{Metadata: t.Metadata}
			if pod != nil {
				v.Environment, _ = find.Environment(pod, containerOf(u), u.GetNamespace()) // KEDA says what is wrong with it
			}
			v.Authentication, _ = find.Authentication(t.AuthenticationRef, pod, u.GetNamespace())
			login := redisd.Login{User: v.Named(t.Type, "username"), Password: v.Named(t.Type, "password")}
			if !strings.HasPrefix(t.Type, "redis") || login.Password == "" || login.Password == resolve.Unasked {
				return nil
			}
			if login.User == "default" {
				login.User = ""
			}
			if !slices.Contains(out, login) {
				out = append(out, login)
			}
		}
	}
	return out
}
