package brokers

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx

	"github.com/kscope/kscope/e2e/cluster"
)

// sqlStory has a table of jobs in a database that listens, of which user keda sees the
// table alone.
func sqlStory(t *testing.T, driver, owner, take string, setup ...string) *server {
	db, err := sql.Open(driver, owner)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := cluster.WaitFor(t.Context(), time.Minute, driver, db.PingContext); err != nil {
		t.Fatal(err)
	}
	do := func(statement string, arguments ...any) error {
		_, err := db.ExecContext(context.Background(), statement, arguments...)
		return err
	}
	for _, statement := range setup {
		if err := do(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	return &server{
		fill: func(n int) error {
			for i := range n {
				if err := do(fmt.Sprintf("INSERT INTO jobs VALUES (%d)", i)); err != nil {
					return err
				}
			}
			return nil
		},
		take: func(n int) error { return do(fmt.Sprintf(take, n)) },
	}
}

func startPostgreSQL(t *testing.T) *server {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil || len(found) == 0 {
		t.Fatal("no PostgreSQL is installed; make packages does that")
	}
	bin, dir := found[len(found)-1], directory(t)
	at, port := free(t)
	if err := os.WriteFile(filepath.Join(dir, "word"), []byte("hunter2-owner"), 0o600); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(dir, "data")
	does(t, dir, as(t, "postgres", dir, filepath.Join(bin, "initdb"), "-D", data, "-N", "-A", "scram-sha-256", "-U", "owner", "--pwfile", filepath.Join(dir, "word"))...)
	listens(t, at, dir, nil, as(t, "postgres", dir, filepath.Join(bin, "postgres"), "-D", data, "-p", port, "-c", "listen_addresses=127.0.0.1",
		"-c", "unix_socket_directories="+dir, "-c", "fsync=off")...)
	s := sqlStory(t, "pgx", "postgres://owner:hunter2-owner@"+at+"/postgres?sslmode=disable", "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs LIMIT %d)",
		"CREATE TABLE jobs (id int)", "CREATE USER keda PASSWORD 'hunter2-postgresql'", "GRANT SELECT ON jobs TO keda")
	s.typ = "postgresql"
	s.metadata = map[string]string{
		"host": "127.0.0.1", "port": port, "userName": "keda", "dbName": "postgres", "sslmode": "disable", "query": "SELECT count(*) FROM jobs", "targetQueryValue": "5",
	}
	s.secret = map[string]string{"password": "hunter2-postgresql"}
	return s
}

func startMySQL(t *testing.T) *server {
	dir := directory(t)
	at, port := free(t)
	data := filepath.Join(dir, "data")
	does(t, dir, as(t, "mysql", dir, "mariadb-install-db", "--no-defaults", "--datadir="+data, "--auth-root-authentication-method=normal", "--skip-test-db", "--innodb-log-file-size=4M")...)
	listens(t, at, dir, nil, as(t, "mysql", dir, "mariadbd", "--no-defaults", "--datadir="+data, "--bind-address=127.0.0.1", "--port="+port,
		"--socket="+filepath.Join(dir, "socket"), "--pid-file="+filepath.Join(dir, "pid"), "--innodb-flush-log-at-trx-commit=0")...)
	owner := mysql.NewConfig()
	owner.User, owner.Net, owner.Addr = "root", "tcp", at
	shop := *owner
	shop.DBName = "shop"
	sqlStory(t, "mysql", owner.FormatDSN(), "", "CREATE DATABASE shop", "CREATE USER keda@'%' IDENTIFIED BY 'hunter2-mysql'", "CREATE TABLE shop.jobs (id INT)", "GRANT SELECT ON shop.jobs TO keda@'%'")
	s := sqlStory(t, "mysql", shop.FormatDSN(), "DELETE FROM jobs LIMIT %d")
	s.typ = "mysql"
	s.metadata = map[string]string{"host": "127.0.0.1", "port": port, "username": "keda", "dbName": "shop", "query": "SELECT count(*) FROM jobs", "queryValue": "5"}
	s.secret = map[string]string{"password": "hunter2-mysql"}
	return s
}
