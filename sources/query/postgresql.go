package query

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lib/pq"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/triggers"
)

// PostgreSQL is the protocol of triggers of type postgresql.
func PostgreSQL() protocol.Protocol { return postgreSQL{} }

type postgreSQL struct{}

// Key is the server, the user and the database.
func (postgreSQL) Key(p triggers.Parameters) (string, error) {
	if _, err := settingsOf(p); err != nil {
		return "", err
	}
	return p.Key("connection", "host", "port", "userName", "dbName", "sslmode", "password"), nil
}

// Pace is KEDA's own: what a query costs nobody knows.
func (postgreSQL) Pace(p triggers.Parameters) time.Duration { return p.Polling }

// Connect signs in.
func (postgreSQL) Connect(ctx context.Context, p triggers.Parameters, dial protocol.Dial) (protocol.Client, error) {
	s, err := settingsOf(p)
	if err != nil {
		return nil, err
	}
	config, err := s.config()
	if err != nil {
		return nil, err
	}
	connector, err := pq.NewConnectorConfig(config)
	if err != nil {
		return nil, err
	}
	l := &line{dial: dial}
	d := &secured{line: l, mode: s.mode()}
	connector.Dialer(d)
	c, err := connect(ctx, connector, l, dialect{prepared: true, worded: postgreSQLWords(p), begin: func(most time.Duration) []string {
		return []string{fmt.Sprintf("BEGIN READ ONLY; SET LOCAL statement_timeout = %d", most.Milliseconds())}
	}})
	if err != nil {
		return nil, err
	}
	for _, end := range []string{" (", " on ", ","} { // "PostgreSQL 15.9 (Debian 15.9-0) on x86_64-pc-linux-gnu, compiled by ..."
		c.card.Version, _, _ = strings.Cut(c.card.Version, end)
	}
	c.card.Version, c.card.User, c.card.TLS = kscope.Clean(c.card.Version), kscope.Clean(config.User), d.words
	return c, nil
}

// postgreSQLWords words what a server answers: by its own message, which names what it is
// about, with what may help. The codes are those of its documentation, appendix A.
func postgreSQLWords(p triggers.Parameters) func(error) (*kscope.Trouble, bool) {
	login := "check user and password"
	if from := cmp.Or(p.From["connection"], p.From["password"]); from != "" {
		login = "check " + from
	}
	return func(err error) (*kscope.Trouble, bool) {
		said, ok := errors.AsType[*pq.Error](err)
		if !ok {
			return nil, false
		}
		t := &kscope.Trouble{Message: kscope.Clean(said.Message)}
		switch code := string(said.Code); {
		case code == "57014" && strings.Contains(said.Message, "statement timeout"):
			return errSlow, true
		case code == "28P01":
			t.Hint = login
			return t, false
		case code == "28000":
			t.Hint = "the server's pg_hba.conf says who may come from where, and whether by TLS (sslmode); or " + login
			return t, false
		case code == "3D000":
			t.Hint = "check dbName"
			return t, false
		case code == "53300":
			t.Hint = "close connections, allow more (max_connections), or use a pooler"
			return t, false
		case code == "57014": // somebody's pg_cancel_backend
			return t, true
		case code == "08P01" && strings.Contains(said.Message, "startup parameter"): // of a pooler
			t.Hint = "leave the parameter out of the connection"
			return t, false
		case strings.HasPrefix(code, "08"), strings.HasPrefix(code, "28"), strings.HasPrefix(code, "53"), strings.HasPrefix(code, "57"), strings.HasPrefix(code, "58"):
			return t, false
		case code == "25006":
			t.Message, t.Hint = "the query writes, which kscope does not let it: "+t.Message, "KEDA runs it at every look: let it only read"
		case code == "42501":
			t.Hint = "grant the user to SELECT what the query reads"
		case strings.HasPrefix(code, "42"), code == "3F000":
			t.Hint = "check the query, and the database it runs in"
		}
		return t, true
	}
}
