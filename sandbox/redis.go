package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"

	"github.com/kscope/kscope"
)

// redis is the one Redis server of the sandbox: every address that a trigger
// names leads to it. It keeps its data while it is lost.
type redis struct {
	mini  *miniredis.Miniredis
	port  int // 0 when it does not listen
	wrote func()

	mu   sync.Mutex
	lost bool
}

// databases is how many a Redis server has, unless told otherwise.
const databases = 16

// startRedis listens on a port of the loopback interface, one of the system's
// choosing if it is 0. With listen false it can be reached by dial only. wrote
// is called, from any goroutine, after each command of a client that may have
// changed something; it must not block.
func startRedis(listen bool, port int, wrote func()) (*redis, error) {
	r := &redis{mini: miniredis.NewMiniRedis(), wrote: wrote}
	if listen {
		if err := r.mini.StartAddr(net.JoinHostPort(loopback, strconv.Itoa(port))); err != nil {
			return nil, portError(port, err)
		}
		var err error
		if r.port, err = strconv.Atoi(r.mini.Port()); err != nil {
			return nil, err
		}
	} else if err := r.startUnheard(); err != nil {
		return nil, err
	}
	r.observe()
	return r, nil
}

const loopback = "127.0.0.1"

// startUnheard starts the server without a listener.
func (r *redis) startUnheard() error {
	conn, err := r.mini.Dial()
	if err != nil {
		return err
	}
	return conn.Close()
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
	if r.port != 0 {
		port = r.port
	}
	return net.JoinHostPort(loopback, strconv.Itoa(port))
}

// observe sees every command before it is carried out, carries it out itself,
// and then says that something may have been written. Any password is taken,
// since none is set: the sandbox has nothing to protect.
func (r *redis) observe() {
	srv := r.mini.Server()
	var nested sync.Map // *server.Peer: its command has been seen already
	srv.SetPreHook(func(c *server.Peer, cmd string, args ...string) bool {
		if cmd == "AUTH" && len(args) > 0 {
			c.WriteOK()
			return true
		}
		if srv.IsReadOnlyCommand(cmd) {
			return false
		}
		if _, again := nested.LoadOrStore(c, true); again {
			return false
		}
		defer nested.Delete(c)
		if cmd == "HELLO" {
			args = withoutAuth(args)
		}
		srv.Dispatch(c, append([]string{cmd}, args...))
		r.wrote()
		return true
	})
}

// withoutAuth takes "AUTH user password" out of the words of a HELLO.
func withoutAuth(args []string) []string {
	for i, word := range args {
		if strings.EqualFold(word, "auth") && i+3 <= len(args) {
			return append(append([]string{}, args[:i]...), args[i+3:]...)
		}
	}
	return args
}

// dial connects to the server, whatever the address.
func (r *redis) dial(ctx context.Context, address string) (net.Conn, error) {
	if r.isLost() {
		return nil, refused(address)
	}
	if r.port == 0 {
		conn, err := r.mini.Dial()
		if err != nil {
			return nil, err
		}
		return elastic(conn), nil
	}
	return (&net.Dialer{KeepAlive: 15 * time.Second}).DialContext(ctx, "tcp", r.address())
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
	r.mini.Close()
}

// find brings the server back, with its data, on the port that it had.
func (r *redis) find() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.lost {
		return nil
	}
	// Closing it has ended this context, and with it every blocking command.
	r.mini.Lock()
	r.mini.Ctx, r.mini.CtxCancel = context.WithCancel(context.Background())
	r.mini.Unlock()
	if r.port == 0 {
		if err := r.startUnheard(); err != nil {
			return err
		}
	} else if err := r.mini.Restart(); err != nil {
		return portError(r.port, err)
	}
	r.observe()
	r.lost = false
	return nil
}

// age lets keys expire. The server could watch the clock by itself, but does so
// by going through all keys at every command, which was two thirds of all that
// a busy sandbox cost.
func (r *redis) age(by time.Duration) { r.mini.FastForward(by) }

func (r *redis) close() { r.mini.Close() }

// refused is the error of a connection to an address at which nothing listens,
// as the operating system and Go put it.
func refused(address string) error {
	return &net.OpError{Op: "dial", Net: "tcp", Addr: clusterAddress(address), Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
}
