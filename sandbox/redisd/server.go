// Package redisd is the Redis server of the sandbox: what any Redis client may
// connect to, and what the workers of the world take their jobs from.
//
// Its data are kept by miniredis, which is made for tests: it answers while it
// holds its lock, panics at odd arguments, and does what it is told however
// long that takes. This package stands before it and lets none of that be felt.
// It parses what comes within bounds, passes on only the commands that queues
// need, with arguments that are harmless, one at a time; it turns a panic into
// an error, and keeps every answer in memory until its client reads it, so that
// no lock is ever held for a client. Who lets too much pile up is dropped. What
// is not played is refused as Redis refuses a command that it does not know.
//
// It reads no clock but for the time that a client may wait or hold up others.
package redisd

import (
	"errors"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"
	lua "github.com/yuin/gopher-lua"
)

// Databases is how many a Redis server has, unless told otherwise.
const Databases = 16

// Server is a Redis server in this process. Its methods may be called from any
// goroutine, and none waits for a client.
type Server struct {
	wrote    func()
	maxHeld  int64         // see limits.go; a test has less
	maxTurn  time.Duration // likewise
	ids      atomic.Int64
	held     atomic.Int64 // bytes, for all clients
	shedding atomic.Bool
	logins   atomic.Pointer[[]Login] // any of them lets in; empty where nothing is asked for

	// slow is held, before mu, by clients whose last command took long, so that
	// all others wait for one of these at the most.
	slow sync.Mutex
	// mu is held while a command is carried out and never while anybody is
	// waited for; under it nobody else is inside miniredis.
	mu      sync.Mutex
	mini    *miniredis.Miniredis
	core    *server.Server     // of miniredis: it knows the commands, and no connection
	own     *client            // for what the sandbox asks
	aside   *client            // for what is asked in the middle of a command
	changed bool               // by the command that is carried out
	expires bool               // a key may expire
	blocked map[string]waiters // by the keys that they wait for
	rooms   rooms
	scripts map[string]*lua.FunctionProto // by their SHA-1
	room    room

	conns    sync.Mutex // guards what follows
	listener net.Listener
	port     int
	open     bool
	clients  map[*client]struct{}
	running  *sync.WaitGroup // one for each time that it is open
}

// New makes a server that is open but listens nowhere. wrote is called, from
// any goroutine, after each command that may have changed something; it must
// not block.
func New(wrote func()) (*Server, error) {
	s := &Server{
		wrote: wrote, maxHeld: maxHeld, maxTurn: maxTurn, mini: miniredis.NewMiniRedis(), blocked: map[string]waiters{},
		rooms: newRooms(), scripts: map[string]*lua.FunctionProto{}, clients: map[*client]struct{}{},
	}
	s.logins.Store(&[]Login{})
	conn, err := s.mini.Dial() // starts it without a listener
	if err != nil {
		return nil, err
	}
	if err := conn.Close(); err != nil {
		return nil, err
	}
	s.core = s.mini.Server()
	s.mini.Seed(1) // what is left to chance is the same every time
	s.own, s.aside = s.newClient(nil), s.newClient(nil)
	s.Open()
	return s, nil
}

// Listen opens the server at an address, or again at the one that it had when
// the address is empty.
func (s *Server) Listen(address string) error {
	s.conns.Lock()
	defer s.conns.Unlock()
	if address == "" {
		address = net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port))
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	s.listener, s.port = l, l.Addr().(*net.TCPAddr).Port
	s.reopen()
	s.running.Go(func() { s.accept(l) })
	return nil
}

// Open lets connections be served again after a Close.
func (s *Server) Open() {
	s.conns.Lock()
	defer s.conns.Unlock()
	s.reopen()
}

func (s *Server) reopen() {
	if !s.open {
		s.open, s.running = true, new(sync.WaitGroup)
	}
}

// Port is where the server listens or last did; 0 if nowhere.
func (s *Server) Port() int {
	s.conns.Lock()
	defer s.conns.Unlock()
	return s.port
}

func (s *Server) accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // no descriptor left, or the client is gone already
			time.Sleep(10 * time.Millisecond)
		default:
			s.Serve(conn)
		}
	}
}

// Serve answers the commands that come over a connection until it or the server
// closes. It does not wait for that.
func (s *Server) Serve(conn net.Conn) {
	c := s.newClient(conn)
	s.conns.Lock()
	defer s.conns.Unlock()
	if !s.open {
		_ = conn.Close() // nobody hears of it
		return
	}
	full := len(s.clients) >= maxClients
	s.clients[c] = struct{}{}
	s.running.Go(func() { c.serve(full) })
}

// Login is a user of the server's with a password; "" is the default one.
type Login struct{ User, Password string }

// Guard makes the server want one of some logins, as if it had been started anew with
// them; without any it asks for nothing any more.
func (s *Server) Guard(logins ...Login) {
	if was := *s.logins.Swap(&logins); slices.Equal(was, logins) || len(logins) == 0 {
		return
	}
	s.conns.Lock()
	defer s.conns.Unlock()
	for c := range s.clients {
		c.drop()
	}
}

// guarded reports whether the server asks for a login.
func (s *Server) guarded() bool { return len(*s.logins.Load()) > 0 }

// leaving is how long Close waits for what is being carried out.
const leaving = time.Second

// Close ends the listener and all connections. What is kept stays. It waits
// until nobody is served any more, a second at the most.
func (s *Server) Close() {
	s.conns.Lock()
	s.open = false
	if s.listener != nil {
		_ = s.listener.Close() // it is closed either way
		s.listener = nil
	}
	for c := range s.clients {
		c.drop()
	}
	running := s.running
	s.conns.Unlock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		running.Wait()
	}()
	timer := time.NewTimer(leaving)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
}

// Age lets time pass for keys that expire.
func (s *Server) Age(by time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.expires {
		s.mini.FastForward(by)
	}
}

// holding counts what is held for clients, and drops whoever makes it too much.
func (s *Server) holding(bytes int) {
	if s.held.Add(int64(bytes)) <= s.maxHeld || bytes <= 0 {
		return
	}
	if s.shedding.CompareAndSwap(false, true) {
		// Not here: whoever adds may hold the lock of what would be dropped.
		go func() {
			defer s.shedding.Store(false)
			s.conns.Lock()
			defer s.conns.Unlock()
			for s.held.Load() > s.maxHeld && s.shed() {
			}
		}()
	}
}

// shed drops the client for which most is held, and reports whether there was
// one.
func (s *Server) shed() bool {
	var most *client
	weight := 0
	for c := range s.clients {
		if w := c.weight(); w > weight {
			most, weight = c, w
		}
	}
	if most != nil {
		most.drop()
	}
	return most != nil
}

// Ask carries out a command as a client would that is never kept waiting, and
// gives the answer as miniredis reads it: a string, an int, a list of such, nil,
// or an error.
func (s *Server) Ask(db int, args ...string) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.own.choose(db)
	return parsed(s.answerTo(s.own, args))
}
