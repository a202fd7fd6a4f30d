package store

import (
	"cmp"
	"time"

	"github.com/kscope/kscope"
)

type connection struct {
	kscope.Connection
	at time.Time
}

func (s *Store) applyConnection(at time.Time, f kscope.Connection) scope {
	old, had := s.connections[f.Server]
	if had && at.Before(old.at) {
		return nothing
	}
	if s.connections == nil {
		s.connections = map[string]connection{}
	}
	s.connections[f.Server] = connection{f, at}
	if had && old.Connection == f {
		return nothing
	}
	s.touchServer(f.Server, notRow)
	return notRow
}

// Connection is how the server of a queue is reached; false where nothing is
// known of it.
func (s *Store) Connection(q kscope.Backlog) (kscope.Connection, bool) {
	c, ok := s.connections[q.Server]
	if st, current := s.server(q, c.at); ok && !current && !c.Failing {
		c.Failing, c.Err, c.Hint, c.ErrAt = true, cmp.Or(st.Message, string(st.State)), st.Hint, st.Since
	}
	return c.Connection, ok
}

// Depth is the newest measurement of a queue, failed or not; false where there
// is none.
func (s *Store) Depth(q kscope.Backlog) (kscope.Depth, bool) {
	known := s.queues[q]
	if known == nil {
		return kscope.Depth{}, false
	}
	d := known.last
	if st, current := s.server(q, known.at); !current && d.Err == "" {
		d.Err = cmp.Or(st.Message, string(st.State))
	}
	return d, true
}
