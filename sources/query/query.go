// Package query measures what the queries of triggers of type postgresql and mysql answer.
// Each is run as KEDA runs it, for one number, but in a transaction that may only read,
// within a time that the server itself keeps. It puts nothing in: what a row of work is
// made of only its owner knows.
package query

import (
	"context"
	"crypto/tls"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
)

// dialect is what the two kinds of server do not share.
type dialect struct {
	// begin are the statements that begin a transaction which only reads, and in which a
	// statement is stopped by the server after so long.
	begin func(most time.Duration) []string
	// prepared says that a query is prepared before it is run, for only then does the
	// server refuse several in one.
	prepared bool
	// worded is what the server answers in plain words, and whether that is about the
	// query alone; nil for what is no answer of the server.
	worded func(error) (t *kscope.Trouble, own bool)
}

// client is one connection, over which one query is run after another.
type client struct {
	dialect
	db   *sql.DB
	conn *sql.Conn
	line *line
	card kscope.Connection
}

// connect opens the connection, and asks what the server is.
func connect(ctx context.Context, connector driver.Connector, l *line, d dialect) (*client, error) {
	defer l.until(ctx)()
	c := &client{dialect: d, db: sql.OpenDB(connector), line: l}
	err := driven(func() (err error) {
		if c.conn, err = c.db.Conn(ctx); err == nil {
			err = c.conn.QueryRowContext(patient(ctx), "SELECT version()").Scan(&c.card.Version)
		}
		return err
	})
	if err != nil {
		err = c.whole(ctx, err)
		c.Close()
		return nil, err
	}
	return c, nil
}

// driven calls a driver. What a server may answer drivers do not all expect, and some
// break at it.
func driven(call func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = errStrange
		}
	}()
	return call()
}

var errStrange = &kscope.Trouble{Message: "what answers makes no sense to the driver", Hint: "check the port: something else may listen there"}

// patient is a context that does not end: the line does, which is enough for the drivers,
// and they do not begin to cancel things over connections of their own.
func patient(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

// Describe says what the server says of itself.
func (c *client) Describe() kscope.Connection { return c.card }

// farewell is how long saying goodbye may take, without which servers write of aborted
// connections into their logs.
const farewell = 200 * time.Millisecond

// Close hangs up.
func (c *client) Close() {
	c.line.limit(time.Now().Add(farewell))
	if c.conn != nil {
		_ = c.conn.Close()
	}
	_ = c.db.Close()
	c.line.close() // a driver that broke leaves it open
}

// enough is how long the queries of a look may take where nobody says.
const enough = 5 * time.Second

// clocks is how far two of them may differ in measuring a query.
const clocks = 10 * time.Millisecond

// Measure runs the query of each trigger, one after another. Each may take an equal share of
// the time that is left, so that a slow one does not leave the others without.
func (c *client) Measure(ctx context.Context, queues []protocol.Queue, readings []broker.Reading) error {
	defer c.line.until(ctx)()
	end, ok := ctx.Deadline()
	if !ok {
		end = time.Now().Add(enough)
	}
	for i, q := range queues {
		if !reads(q.Text("query")) {
			readings[i] = broker.Reading{Err: errNoQuery, Own: true}
			continue
		}
		share := time.Until(end) / time.Duration(len(queues)-i)
		most := share - min(share/5, 300*time.Millisecond)
		began := time.Now()
		var n float64
		var several bool
		err := driven(func() (err error) {
			n, several, err = c.ask(patient(ctx), q.Text("query"), most)
			return err
		})
		took := time.Since(began)
		if err == nil && took > most-clocks {
			err = errSlow // some functions of MariaDB answer something when they are stopped
		}
		if err == nil {
			readings[i] = reading(n, several, took)
			continue
		}
		t, own := c.words(err)
		if !own || errors.Is(err, errStrange) {
			return c.whole(ctx, err)
		}
		readings[i] = broker.Reading{Err: t, Own: true}
	}
	return nil
}

// ask runs one query, which may take so long, and undoes whatever it did.
func (c *client) ask(ctx context.Context, query string, most time.Duration) (n float64, several bool, err error) {
	for _, statement := range c.begin(most) {
		if _, err := c.conn.ExecContext(ctx, statement); err != nil {
			return 0, false, err
		}
	}
	n, several, err = c.first(ctx, query)
	if _, undone := c.conn.ExecContext(ctx, "ROLLBACK"); undone != nil && err == nil {
		err = undone
	}
	return n, several, err
}

// first is the number in the first row that a query answers, and whether more follow.
func (c *client) first(ctx context.Context, query string) (n float64, several bool, err error) {
	var rows *sql.Rows
	if c.prepared {
		statement, err := c.conn.PrepareContext(ctx, query)
		if err != nil {
			return 0, false, err
		}
		defer func() { _ = statement.Close() }() // the transaction ends anyway
		rows, err = statement.QueryContext(ctx)
		if err != nil {
			return 0, false, err
		}
	} else if rows, err = c.conn.QueryContext(ctx, query); err != nil {
		return 0, false, err
	}
	defer func() { _ = rows.Close() }() // what there is to say of it is in Err
	columns, err := rows.Columns()
	switch {
	case err != nil:
		return 0, false, err
	case !rows.Next():
		if rows.Err() == nil {
			return 0, false, errNoRows
		}
		return 0, false, rows.Err()
	case len(columns) != 1:
		return 0, false, &kscope.Trouble{Message: fmt.Sprintf("the query answers %d columns", len(columns)), Hint: "KEDA takes one number: name a single column"}
	}
	var value any
	if err := rows.Scan(&value); err != nil {
		return 0, false, err
	}
	if n, err = number(value); err != nil {
		return 0, false, err
	}
	several = rows.Next()
	return n, several, rows.Err()
}

// words is an error in plain words, and whether it is about the query alone.
func (c *client) words(err error) (error, bool) {
	if t, ok := errors.AsType[*kscope.Trouble](err); ok {
		return t, true
	}
	if t, own := c.worded(err); t != nil {
		return t, own
	}
	return err, false
}

// whole is why nothing is known of any query. Where a driver only says that the
// connection is of no use any more, it is what ended it.
func (c *client) whole(ctx context.Context, err error) error {
	worded, _ := c.words(err)
	if _, ok := errors.AsType[*kscope.Trouble](worded); ok {
		return worded
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		message, _ := protocol.Explain(err, c.line.address())
		return &kscope.Trouble{Message: message, Hint: "KEDA has the authorities of its operator (--ca-dir); give kscope's machine the same"}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if ended := c.line.ended(); ended != nil {
		return ended
	}
	if errors.Is(err, driver.ErrBadConn) || errors.Is(err, mysql.ErrInvalidConn) {
		return io.ErrUnexpectedEOF
	}
	return err
}
