package query

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/sources/protocol/protocoltest"
	"github.com/kscope/kscope/triggers"
)

const count = "SELECT count(*) FROM jobs"

func TestPostgreSQL(t *testing.T) {
	t.Parallel()
	port, owner := postgreSQLServer(t, "scram-sha-256")
	good := map[string]string{"host": "127.0.0.1", "port": port, "userName": "keda", "password": `it's \ a $ecret`, "dbName": "postgres", "sslmode": "disable", "query": count, "targetQueryValue": "5"}
	url := "postgres://keda:it%27s%20%5C%20a%20$ecret@127.0.0.1:" + port + "/postgres?sslmode="
	protocoltest.Run(t, protocoltest.Suite{
		Protocol: PostgreSQL(), Type: "postgresql", Good: good, Secrets: []string{`it's \ a $ecret`, "$ecret"},
		Fill: fill(t, owner, "jobs"),
		Wrong: []protocoltest.Wrong{
			{Name: "no host", With: map[string]string{"host": ""}, Say: "names no host"},
			{Name: "no connection", With: map[string]string{"connection": "postgres $ecret"}, Say: "makes no sense"},
			{Name: "nobody there", With: map[string]string{"port": "1"}, Say: "nothing listens at"},
			{Name: "a name nobody knows", With: map[string]string{"host": "db.nowhere.invalid"}, Say: "is not known here"},
			{Name: "a wrong password", With: map[string]string{"password": "other $ecret"}, Say: `password authentication failed for user "keda"`},
			{Name: "no password", With: map[string]string{"password": ""}, Say: "password"},
			{Name: "no such database", With: map[string]string{"dbName": "nowhere"}, Say: `database "nowhere" does not exist`},
			{Name: "an unknown certificate", With: map[string]string{"sslmode": "verify-full"}, Say: "is not trusted"},
			{Name: "an unknown authority", With: map[string]string{"sslmode": "verify-ca"}, Say: "is not trusted"},
			{Name: "an unknown sslmode", With: map[string]string{"sslmode": "some"}, Say: "sslmode is none"},
			{Name: "a file of the operator's", With: map[string]string{"connection": url + "verify-full&sslrootcert=/ca"}, Say: "a file that only KEDA's operator has"},
			{Name: "no such table", With: map[string]string{"query": "SELECT count(*) FROM lobs"}, Say: `relation "lobs" does not exist`, Own: true},
			{Name: "forbidden", With: map[string]string{"query": "SELECT count(*) FROM hidden"}, Say: "permission denied for table hidden", Own: true},
			{Name: "no SQL", With: map[string]string{"query": "SELECT FROM FROM"}, Say: "syntax error", Own: true},
			{Name: "NULL", With: map[string]string{"query": "SELECT max(id) FROM jobs WHERE false"}, Say: "answers NULL", Own: true},
			{Name: "no rows", With: map[string]string{"query": "SELECT id FROM jobs WHERE false"}, Say: "answers no row", Own: true},
			{Name: "columns", With: map[string]string{"query": "SELECT 1, 2"}, Say: "answers 2 columns", Own: true},
			{Name: "a text", With: map[string]string{"query": "SELECT 'many'"}, Say: "answers no number", Own: true},
			{Name: "true", With: map[string]string{"query": "SELECT true"}, Say: "answers no number", Own: true},
			{Name: "NaN", With: map[string]string{"query": "SELECT 'NaN'::float8"}, Say: "answers NaN", Own: true},
			{Name: "an insert", With: map[string]string{"query": "INSERT INTO jobs VALUES (1) RETURNING 1"}, Say: "does not begin with SELECT", Own: true},
			{Name: "an insert within", With: map[string]string{"query": "WITH put AS (INSERT INTO jobs VALUES (1) RETURNING 1) SELECT 1"}, Say: "writes, which kscope does not let it", Own: true},
			{Name: "a function that inserts", With: map[string]string{"query": "SELECT writes()"}, Say: "writes, which kscope does not let it", Own: true},
			{Name: "a sequence", With: map[string]string{"query": "SELECT nextval('numbers')"}, Say: "writes, which kscope does not let it", Own: true},
			{Name: "a new table", With: map[string]string{"query": "SELECT 1 INTO jobs2"}, Say: "writes, which kscope does not let it", Own: true},
			{Name: "two queries", With: map[string]string{"query": "SELECT 1; COMMIT; INSERT INTO jobs VALUES (1)"}, Say: "multiple commands", Own: true},
		},
	})
	alike(t, owner, "jobs", 10)
	for name, with := range map[string]map[string]string{
		"parts with TLS": {"sslmode": "require"}, "parts with TLS if there is": {"sslmode": "prefer"},
		"a URL": {"connection": url + "disable"}, "a URL and nothing of TLS": {"connection": strings.TrimSuffix(url, "?sslmode=")},
		"pairs":         {"connection": `host=127.0.0.1 port = ` + port + ` user=keda password='it\'s \\ a $ecret' dbname=postgres sslmode=disable search_path=public statement_cache_capacity=0`},
		"several hosts": {"connection": `host=127.0.0.1,127.0.0.1 port=1,` + port + ` user=keda password='it\'s \\ a $ecret' dbname=postgres sslmode=disable target_session_attrs=read-write`},
	} {
		t.Run(name, func(t *testing.T) {
			measured(t, PostgreSQL(), "postgresql", good, with, 10)
		})
	}
	t.Run("together", func(t *testing.T) {
		together(t, PostgreSQL(), "postgresql", good, "SELECT 1 FROM pg_sleep(60)", "SELECT 3 FROM pg_sleep(1.1)")
	})
	t.Run("ended by the server", func(t *testing.T) {
		ended(t, PostgreSQL(), "postgresql", good, func() {
			do(t, owner, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'keda'")
		})
	})
	t.Run("full", func(t *testing.T) {
		for range 8 {
			if _, err := owner.Conn(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		s := protocoltest.Suite{Protocol: PostgreSQL(), Type: "postgresql", Good: good}
		if _, err := s.New(t, nil).Measure(); err == nil || !strings.Contains(err.Error(), "connection") || kscope.HintOf(err) == "" {
			t.Errorf("got %v", err)
		}
	})
}

func TestMySQL(t *testing.T) {
	t.Parallel()
	port, owner := mySQLServer(t)
	good := map[string]string{"host": "127.0.0.1", "port": port, "username": "keda", "password": "a $ecret/@:?", "dbName": "shop", "query": count, "queryValue": "5"}
	dsn := "keda:a $ecret/@:?@tcp(127.0.0.1:" + port + ")/shop"
	protocoltest.Run(t, protocoltest.Suite{
		Protocol: MySQL(), Type: "mysql", Good: good, Secrets: []string{"a $ecret/@:?", "$ecret"},
		Fill: fill(t, owner, "shop.jobs"),
		Wrong: []protocoltest.Wrong{
			{Name: "no host", With: map[string]string{"host": ""}, Say: "names no host"},
			{Name: "no port", With: map[string]string{"port": ""}, Say: "names no port"},
			{Name: "no connection string", With: map[string]string{"connectionString": "mysql://keda:$ecret@127.0.0.1"}, Say: "not one that the MySQL driver takes"},
			{Name: "a socket", With: map[string]string{"connectionString": "keda@unix(/run/s)/shop"}, Say: "a socket of the machine"},
			{Name: "an unknown tls", With: map[string]string{"connectionString": dsn + "?tls=custom"}, Say: "not one that the MySQL driver takes"},
			{Name: "nobody there", With: map[string]string{"port": "1"}, Say: "nothing listens at"},
			{Name: "a name nobody knows", With: map[string]string{"host": "db.nowhere.invalid"}, Say: "is not known here"},
			{Name: "a wrong password", With: map[string]string{"password": "other $ecret"}, Say: "Access denied for user 'keda'"},
			{Name: "no such database", With: map[string]string{"dbName": "nowhere"}, Say: "database 'nowhere'"},
			{Name: "an unknown certificate", With: map[string]string{"connectionString": dsn + "?tls=true"}, Say: "is not trusted"},
			{Name: "no such table", With: map[string]string{"query": "SELECT count(*) FROM lobs"}, Say: "Table 'shop.lobs' doesn't exist", Own: true},
			{Name: "forbidden", With: map[string]string{"query": "SELECT count(*) FROM vault.hidden"}, Say: "command denied", Own: true},
			{Name: "no SQL", With: map[string]string{"query": "SELECT FROM FROM"}, Say: "SQL syntax", Own: true},
			{Name: "NULL", With: map[string]string{"query": "SELECT max(id) FROM jobs WHERE false"}, Say: "answers NULL", Own: true},
			{Name: "no rows", With: map[string]string{"query": "SELECT id FROM jobs WHERE false"}, Say: "answers no row", Own: true},
			{Name: "columns", With: map[string]string{"query": "SELECT 1, 2"}, Say: "answers 2 columns", Own: true},
			{Name: "a text", With: map[string]string{"query": "SELECT 'many'"}, Say: "answers no number", Own: true},
			{Name: "an insert", With: map[string]string{"query": "INSERT INTO jobs VALUES (1) RETURNING 1"}, Say: "does not begin with SELECT", Own: true},
			{Name: "a hidden insert", With: map[string]string{"query": "/*! INSERT INTO jobs VALUES (1) */"}, Say: "does not begin with SELECT", Own: true},
			{Name: "a procedure that inserts", With: map[string]string{"query": "CALL sneaks()"}, Say: "does not begin with SELECT", Own: true},
			{Name: "a function that inserts", With: map[string]string{"query": "SELECT writes()"}, Say: "writes, which kscope does not let it", Own: true},
			{Name: "two queries", With: map[string]string{"query": "SELECT 1; COMMIT; INSERT INTO jobs VALUES (1)", "connectionString": dsn + "?multiStatements=true"}, Say: "SQL syntax", Own: true},
		},
	})
	alike(t, owner, "shop.jobs", 10)
	for name, with := range map[string]map[string]string{
		"a connection string": {"connectionString": dsn}, "TLS": {"connectionString": dsn + "?tls=skip-verify&timeout=1ms&readTimeout=1us"},
		"an unsigned number": {"query": "SELECT CAST(10 AS UNSIGNED)"}, "a decimal": {"query": "SELECT CAST(10 AS DECIMAL(10,2))"}, "a text that is a number": {"query": "SELECT '1e1'"},
	} {
		t.Run(name, func(t *testing.T) {
			measured(t, MySQL(), "mysql", good, with, 10)
		})
	}
	t.Run("what writes", func(t *testing.T) { // beneath the check of its first word
		p := parameters("mysql", good, nil)
		made, err := MySQL().Connect(t.Context(), p, new(protocoltest.Way).Dial)
		if err != nil {
			t.Fatal(err)
		}
		defer made.Close()
		c := made.(*client)
		for _, statement := range []string{"INSERT INTO jobs VALUES (1)", "INSERT INTO loose VALUES (1)", "UPDATE jobs SET id = 1", "DELETE FROM jobs", "TRUNCATE jobs", "DROP TABLE jobs", "CREATE TABLE more (id INT)"} {
			_, _, err := c.ask(context.Background(), statement, time.Second)
			if err, own := c.words(err); !own || !strings.Contains(err.Error(), "writes, which kscope does not let it") {
				t.Errorf("%s: %v", statement, err)
			}
		}
		alike(t, owner, "shop.jobs", 10)
		alike(t, owner, "shop.loose", 0)
	})
	t.Run("together", func(t *testing.T) {
		together(t, MySQL(), "mysql", good, "SELECT benchmark(1000000000000, 1)", "SELECT 3 + sleep(1.1)")
	})
	t.Run("ended by the server", func(t *testing.T) {
		ended(t, MySQL(), "mysql", good, func() { do(t, owner, "KILL USER keda") })
	})
}

func fill(t *testing.T, db *sql.DB, table string) func(int) {
	return func(n int) {
		for range n {
			do(t, db, "INSERT INTO "+table+" VALUES (1)")
		}
	}
}

// alike holds that a table has so many rows.
func alike(t *testing.T, db *sql.DB, table string, want int) {
	t.Helper()
	var got int
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&got); err != nil || got != want {
		t.Errorf("%s has %d rows (%v), want %d", table, got, err, want)
	}
}

func measured(t *testing.T, p protocol.Protocol, typ string, good, with map[string]string, want float64) {
	t.Helper()
	s := protocoltest.Suite{Protocol: p, Type: typ, Good: good, Secrets: []string{"$ecret"}}
	if got, err := s.New(t, with).Measure(); err != nil || got.N != want || got.Type != "query" || got.Note != "" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func parameters(typ string, good, with map[string]string) triggers.Parameters {
	p := triggers.Parameters{Type: typ, Values: map[string]string{}, Polling: 30 * time.Second}
	for _, values := range []map[string]string{good, with} {
		for name, value := range values {
			p.Values[name] = value
		}
	}
	return p
}

// together: a slow query does not take the time of the others, and the connection lives on.
func together(t *testing.T, p protocol.Protocol, typ string, good map[string]string, endless, slow string) {
	t.Helper()
	queues := []protocol.Queue{{Parameters: parameters(typ, good, nil)}}
	for _, query := range []string{endless, "SELECT 1 FROM nowhere", slow, "SELECT 4 UNION ALL SELECT 5", "SELECT -2.5"} {
		queues = append(queues, protocol.Queue{Parameters: parameters(typ, good, map[string]string{"query": query})})
	}
	client, err := p.Connect(t.Context(), queues[0].Parameters, new(protocoltest.Way).Dial)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
	defer cancel()
	readings := make([]broker.Reading, len(queues))
	if err := client.Measure(ctx, queues, readings); err != nil {
		t.Fatal(err)
	}
	if r := readings; r[0].N != 10 || !errors.Is(r[1].Err, errSlow) || !r[1].Own || r[2].Err == nil || r[3].N != 3 || !strings.HasPrefix(r[3].Note, "the query took 1.") ||
		r[4].N != 4 || r[4].Note != "of several rows the first counts" || r[5].N != -2.5 || r[5].Scaled != (kscope.Scaled{Is: true, Active: -2.5, How: "nothing counts below 0"}) {
		t.Errorf("got %+v", r)
	}
	if p.Pace(queues[0].Parameters) != 30*time.Second {
		t.Error("it is asked more often than by KEDA")
	}
	if card := client.Describe(); card.User != "keda" || card.Version == "" || strings.ContainsAny(card.Version, "-(") {
		t.Errorf("it is %+v", card)
	} else {
		t.Log(card.Version)
	}
}

// ended: a connection that the server ended between two looks is no news.
func ended(t *testing.T, p protocol.Protocol, typ string, good map[string]string, end func()) {
	t.Helper()
	r := (&protocoltest.Suite{Protocol: p, Type: typ, Good: good}).New(t, nil)
	for range 2 {
		if got, err := r.Measure(); err != nil || got.N != 10 {
			t.Errorf("got %+v, %v", got, err)
		}
		end()
	}
}

// TestNumber: as database/sql scans into a float64, which is what KEDA does.
func TestNumber(t *testing.T) {
	for _, test := range []struct {
		value any
		n     float64
		err   error
	}{
		{int64(-3), -3, nil}, {uint64(math.MaxUint64), math.MaxUint64, nil}, {2.5, 2.5, nil}, {float32(2.5), 2.5, nil}, {[]byte("12.50"), 12.5, nil}, {"1e3", 1000, nil},
		{nil, 0, errNull}, {"", 0, errNoNumber}, {" 1", 0, errNoNumber}, {"1,5", 0, errNoNumber}, {true, 0, errNoNumber}, {time.Unix(0, 0), 0, errNoNumber},
		{math.NaN(), 0, errEndless}, {"NaN", 0, errEndless}, {"-Infinity", 0, errEndless}, {[]byte("1e999"), 0, errNoNumber},
	} {
		n, err := number(test.value)
		if n != test.n || !errors.Is(err, test.err) {
			t.Errorf("%v: got %v, %v, want %v, %v", test.value, n, err, test.n, test.err)
		}
	}
}

func TestReads(t *testing.T) {
	for statement, want := range map[string]bool{
		"SELECT 1": true, " ( select 1)": true, "\n-- what waits\nSELECT 1": true, "# what waits\nSELECT 1": true, "/* what\n waits */ WITH x AS (SELECT 1) SELECT * FROM x": true,
		"TABLE jobs": true, "VALUES(1)": true, "SHOW max_connections": true, "SELECT": true,
		"": false, "--": false, "/* SELECT": false, "/*! KILL 5 */ SELECT 1": false, "/*M! KILL 5 */": false, "INSERT INTO jobs VALUES (1)": false, "selects": false, "CALL f()": false,
		"SET GLOBAL x = 1": false, "COPY jobs TO PROGRAM 'cat'": false, "; SELECT 1": false, "DO $$ $$": false,
	} {
		if got := reads(statement); got != want {
			t.Errorf("%q: got %v", statement, got)
		}
	}
}

func FuzzReads(f *testing.F) {
	f.Add("/* a */ -- b\n (SELECT 1)")
	f.Add("/*/")
	f.Fuzz(func(t *testing.T, statement string) {
		if reads(statement) && !strings.Contains(strings.ToLower(statement), "s") && !strings.Contains(strings.ToLower(statement), "t") {
			t.Errorf("%q begins with none of %v", statement, readers)
		}
	})
}

func TestSettings(t *testing.T) {
	for text, want := range map[string]settings{
		`host=h user=u password='it\'s \\'`:                {"host": "h", "user": "u", "password": `it's \`},
		`host = h	user= 'u' password=a\ b dbname=''`:       {"host": "h", "user": "u", "password": "a b", "dbname": ""},
		"postgres://u:p%40@h:5/d?sslmode=require":          {"host": "h", "port": "5", "user": "u", "password": "p@", "dbname": "d", "sslmode": "require"},
		"postgresql://u@h1:1,[::1],h3:3?search_path=a%20b": {"host": "h1,::1,h3", "port": "1,,3", "user": "u", "password": "", "dbname": "", "search_path": "a b"},
		"postgresql:///d?host=h&user=u&port=7":             {"host": "h", "port": "7", "user": "u", "password": "", "dbname": "d"},
	} {
		got := settings{}
		if err := got.read(text); err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: got %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"host", "=h", "ho st=h", `host=h\`, "host='h", `host='h\`, "postgres://u:%zz@h"} {
		if err := (settings{}).read(text); err == nil {
			t.Errorf("%s: no error", text)
		}
	}
}

// TestNothingOfTheUsers: what the environment of whoever runs kscope says of PostgreSQL
// is nobody's.
func TestNothingOfTheUsers(t *testing.T) {
	for _, name := range []string{"PGHOST", "PGPASSWORD", "PGUSER", "PGSSLROOTCERT", "PGREQUIRESSL", "PGOPTIONS", "PGSERVICE"} {
		t.Setenv(name, "mine")
	}
	s, err := settingsOf(parameters("postgresql", map[string]string{"connection": "host=h user=u"}, nil))
	if err != nil {
		t.Fatal(err)
	}
	if c, err := s.config(); err != nil || strings.Contains(fmt.Sprintf("%+v", c), "mine") || s.mode() != "prefer" {
		t.Errorf("got %+v, %v", c, err)
	}
}

func FuzzSettings(f *testing.F) {
	for _, text := range []string{`host=h user=u password='it\'s'`, "postgres://u:p@h:1,[::1]:2/d?x=y", "postgres://@:/?", "a='\\"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := settingsOf(triggers.Parameters{Values: map[string]string{"connection": text}})
		if err != nil {
			return
		}
		if c, err := s.config(); err != nil || c.Host == "" || c.User == "" || c.Port == 0 && !strings.Contains(text, "0") {
			t.Errorf("%q: %+v, %v", text, c, err)
		}
	})
}

func BenchmarkPostgreSQL(b *testing.B) {
	port, _ := postgreSQLServer(b, "trust")
	protocoltest.BenchmarkMeasure(b, PostgreSQL(), "postgresql", map[string]string{"host": "127.0.0.1", "port": port, "userName": "owner", "dbName": "postgres", "sslmode": "disable", "query": count})
}

func BenchmarkMySQL(b *testing.B) {
	port, _ := mySQLServer(b)
	protocoltest.BenchmarkMeasure(b, MySQL(), "mysql", map[string]string{"host": "127.0.0.1", "port": port, "username": "root", "dbName": "shop", "query": count})
}
