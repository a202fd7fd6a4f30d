package query

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/triggers"
)

// MySQL is the protocol of triggers of type mysql, whose servers are MySQL or MariaDB.
func MySQL() protocol.Protocol { return mySQL{} }

type mySQL struct{}

// Key is the server, the user and the database.
func (mySQL) Key(p triggers.Parameters) (string, error) {
	if _, err := mySQLConfig(p); err != nil {
		return "", err
	}
	return p.Key("connectionString", "host", "port", "username", "password", "dbName"), nil
}

// Pace is KEDA's own: what a query costs nobody knows.
func (mySQL) Pace(p triggers.Parameters) time.Duration { return p.Polling }

// mySQLConfig is how to connect, as KEDA does: by a connection string of the driver that
// both use, or by its parts. The driver's errors repeat what they do not understand, so
// they are not passed on.
func mySQLConfig(p triggers.Parameters) (*mysql.Config, error) {
	c := mysql.NewConfig()
	if text := p.Text("connectionString"); text != "" {
		var err error
		if c, err = mysql.ParseDSN(text); err != nil {
			return nil, &kscope.Trouble{Message: "the connectionString is not one that the MySQL driver takes", Hint: "write it as USER:PASSWORD@tcp(HOST:PORT)/DATABASE"}
		}
	} else {
		for _, name := range []string{"host", "port"} {
			if p.Text(name) == "" {
				return nil, &kscope.Trouble{Message: "the trigger names no " + name, Hint: "give it host and port, or a connectionString"}
			}
		}
		c.Net, c.Addr, c.DBName = "tcp", net.JoinHostPort(p.Text("host"), p.Text("port")), p.Text("dbName")
		c.User, c.Passwd = p.Text("username"), p.Text("password")
	}
	if !strings.HasPrefix(c.Net, "tcp") {
		return nil, &kscope.Trouble{Message: "the connectionString leads through a socket of the machine it is used on", Hint: "KEDA needs a server of the network: tcp(HOST:PORT)"}
	}
	c.Net = "tcp"
	c.Timeout, c.ReadTimeout, c.WriteTimeout = 0, 0, 0
	c.MultiStatements, c.AllowAllFiles, c.RejectReadOnly, c.CheckConnLiveness = false, false, false, false
	c.Logger = &mysql.NopLogger{}
	return c, nil
}

// Connect opens a connection that may only read.
func (mySQL) Connect(ctx context.Context, p triggers.Parameters, dial protocol.Dial) (protocol.Client, error) {
	config, err := mySQLConfig(p)
	if err != nil {
		return nil, err
	}
	l := &line{dial: dial}
	config.DialFunc = l.open
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, &kscope.Trouble{Message: "the connectionString is not one that the MySQL driver takes", Hint: "check its parameters, tls among them"}
	}
	limit := "SET SESSION max_execution_time = %d" // of MySQL, in milliseconds, since 5.7.8
	c, err := connect(ctx, connector, l, dialect{worded: mySQLWords(p), begin: func(most time.Duration) []string {
		return []string{fmt.Sprintf(limit, most.Milliseconds()), "SET SESSION TRANSACTION READ ONLY", "START TRANSACTION READ ONLY"}
	}})
	if err != nil {
		return nil, err
	}
	version, of, _ := strings.Cut(c.card.Version, "-")
	name := "MySQL "
	switch {
	case strings.Contains(of, "MariaDB"):
		name, limit = "MariaDB ", "SET SESSION max_statement_time = %d / 1000" // in seconds
	case strings.HasPrefix(version, "5.5") || strings.HasPrefix(version, "5.6"):
		limit = "DO %d" // nothing
	}
	c.card.Version, c.card.User = kscope.Clean(name+version), kscope.Clean(config.User)
	if config.TLS != nil {
		c.card.TLS = protocol.TLSWords(config.TLS)
		if config.AllowFallbackToPlaintext {
			c.card.TLS = "where the server has it, certificate not verified"
		}
	}
	return c, nil
}

// mySQLWords words what a server answers: by its own message, which names what it is
// about, with what may help.
func mySQLWords(p triggers.Parameters) func(error) (*kscope.Trouble, bool) {
	login := "check user and password"
	if from := cmp.Or(p.From["connectionString"], p.From["password"]); from != "" {
		login = "check " + from
	}
	return func(err error) (*kscope.Trouble, bool) {
		switch {
		case errors.Is(err, mysql.ErrNoTLS):
			return &kscope.Trouble{Message: "the server does not speak TLS, which the connectionString asks for", Hint: "set up TLS there, or leave tls out"}, false
		case errors.Is(err, mysql.ErrMalformPkt), errors.Is(err, mysql.ErrPktSync), errors.Is(err, mysql.ErrOldProtocol), errors.Is(err, mysql.ErrPktSyncMul):
			return &kscope.Trouble{Message: "what answers is not MySQL", Hint: "check the port"}, false
		case errors.Is(err, mysql.ErrCleartextPassword), errors.Is(err, mysql.ErrOldPassword), errors.Is(err, mysql.ErrNativePassword), errors.Is(err, mysql.ErrUnknownPlugin):
			return &kscope.Trouble{Message: "the driver does not sign in in the way that the server asks for: " + kscope.Clean(err.Error())}, false
		}
		said, ok := errors.AsType[*mysql.MySQLError](err)
		if !ok {
			return nil, false
		}
		t := &kscope.Trouble{Message: kscope.Clean(said.Message)}
		switch said.Number {
		case 1969, 3024: // MariaDB's and MySQL's limits
			return errSlow, true
		case 1040, 1203, 1226:
			t.Hint = "close connections, or allow more (max_connections)"
			return t, false
		case 1045, 1698:
			t.Hint = login
			return t, false
		case 1044, 1049:
			t.Hint = "check dbName, and what the user is granted"
			return t, false
		case 1053, 1129, 1130, 3118, 3159:
			return t, false
		case 1046:
			t.Hint = "name the database in the trigger, or in the query"
		case 1054, 1064, 1146, 1305:
			t.Hint = "check the query, and the database it runs in"
		case 1142, 1143, 1227, 1370:
			t.Hint = "grant the user to SELECT what the query reads"
		case 1290, 1792, 1207:
			t.Message, t.Hint = "the query writes, which kscope does not let it: "+t.Message, "KEDA runs it at every look: let it only read"
		}
		return t, true
	}
}
