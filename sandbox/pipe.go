package sandbox

import (
	"net"
	"sync"
)

// elastic makes a connection in memory take as many answers as come. net.Pipe
// holds none, so that a client that sends many commands before it reads, as all
// do with a pipeline, and a server that waits for its answer to be read, as all
// do, would wait for each other for ever.
func elastic(server net.Conn) net.Conn {
	client, inner := net.Pipe()
	q := &answers{arrived: make(chan struct{}, 1)}
	go func() { // requests
		defer func() { _ = server.Close() }()
		defer func() { _ = inner.Close() }()
		buf := make([]byte, 16<<10)
		for {
			n, err := inner.Read(buf)
			if err != nil {
				return
			}
			if _, err := server.Write(buf[:n]); err != nil {
				return
			}
		}
	}()
	go func() { // answers, in
		defer q.end()
		buf := make([]byte, 16<<10)
		for {
			n, err := server.Read(buf)
			if err != nil {
				return
			}
			q.add(buf[:n])
		}
	}()
	go func() { // answers, out
		defer func() { _ = inner.Close() }()
		for {
			data, ended := q.take()
			if len(data) > 0 {
				if _, err := inner.Write(data); err != nil {
					return
				}
			} else if ended {
				return
			} else {
				<-q.arrived
			}
		}
	}()
	return client
}

// answers are bytes that wait for their reader.
type answers struct {
	mu      sync.Mutex
	data    []byte
	ended   bool
	arrived chan struct{} // holds one
}

func (a *answers) add(b []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.data = append(a.data, b...)
	a.nudge()
}

func (a *answers) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ended = true
	a.nudge()
}

func (a *answers) nudge() {
	select {
	case a.arrived <- struct{}{}:
	default:
	}
}

func (a *answers) take() (data []byte, ended bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	data, a.data = a.data, nil
	return data, a.ended
}
