package query

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"database/sql"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/kscope/kscope/sources/protocol/protocoltest"
)

// as is a command run as the user that a server wants to be, where that is not who runs
// the tests: these servers refuse to be root.
func as(t testing.TB, dir, who string, command ...string) []string {
	t.Helper()
	if os.Getuid() != 0 {
		return command
	}
	u, err := user.Lookup(who)
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	err = filepath.WalkDir(dir, func(name string, _ os.DirEntry, err error) error {
		if err == nil {
			err = os.Chown(name, uid, gid)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return append([]string{"setpriv", "--reuid=" + u.Uid, "--regid=" + u.Gid, "--clear-groups", "--"}, command...)
}

// directory is one until the test ends, which may be given to another user: that of
// testing.TB is within one that only who runs the tests may enter.
func directory(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "kscope-query")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func run(t testing.TB, command []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.Dir = "/"
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %v\n%s", command, err, out.String())
	}
}

// certificate writes a certificate for the loopback address and its key into a directory.
func certificate(t testing.TB, dir string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"server.crt": {Type: "CERTIFICATE", Bytes: der}, "server.key": {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// do runs statements.
func do(t testing.TB, db *sql.DB, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// open opens a database until the test ends.
func open(t testing.TB, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// postgreSQLServer runs one with a table of jobs, to which one signs in so, and gives its
// port and its owner's way in.
func postgreSQLServer(t testing.TB, login string) (port string, owner *sql.DB) {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	if len(found) == 0 {
		t.Fatal("no PostgreSQL server is installed: make test installs one")
	}
	bin, dir := found[len(found)-1], directory(t)
	data := filepath.Join(dir, "data")
	if err := os.WriteFile(filepath.Join(dir, "password"), []byte("0wner$ecret"), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, as(t, dir, "postgres", filepath.Join(bin, "initdb"), "-D", data, "-N", "-U", "owner", "-A", login, "--pwfile", filepath.Join(dir, "password")))
	certificate(t, data)
	n := protocoltest.Port(t)
	port = strconv.Itoa(n)
	server := as(t, dir, "postgres", filepath.Join(bin, "postgres"), "-D", data, "-p", port, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="+dir,
		"-c", "fsync=off", "-c", "ssl=on", "-c", "max_connections=10", "-c", "superuser_reserved_connections=2")
	protocoltest.Start(t, protocoltest.Loopback(n), server[0], server[1:]...)
	owner = open(t, "postgres", "host=127.0.0.1 port="+port+" user=owner password=0wner$ecret dbname=postgres sslmode=disable")
	awaitServer(t, owner)
	do(t, owner, `CREATE TABLE jobs (id int)`, `CREATE USER keda PASSWORD 'it''s \ a $ecret'`, `GRANT SELECT, INSERT ON jobs TO keda`, `CREATE TABLE hidden (id int)`,
		`CREATE FUNCTION writes() RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN INSERT INTO jobs VALUES (0); RETURN 1; END $$`, `CREATE SEQUENCE numbers`, `GRANT USAGE ON numbers TO keda`)
	return port, owner
}

// mySQLServer runs a server with a table of jobs.
func mySQLServer(t testing.TB) (port string, owner *sql.DB) {
	t.Helper()
	dir := directory(t)
	data := filepath.Join(dir, "data")
	certificate(t, dir)
	run(t, as(t, dir, "mysql", "mariadb-install-db", "--no-defaults", "--datadir="+data, "--auth-root-authentication-method=normal", "--skip-test-db", "--innodb-log-file-size=4M"))
	n := protocoltest.Port(t)
	port = strconv.Itoa(n)
	server := as(t, dir, "mysql", "/usr/sbin/mariadbd", "--no-defaults", "--datadir="+data, "--bind-address=127.0.0.1", "--port="+port, "--socket="+filepath.Join(dir, "s"),
		"--pid-file="+filepath.Join(dir, "pid"), "--ssl-cert="+filepath.Join(dir, "server.crt"), "--ssl-key="+filepath.Join(dir, "server.key"), "--innodb-flush-log-at-trx-commit=0")
	protocoltest.Start(t, protocoltest.Loopback(n), server[0], server[1:]...)
	owner = open(t, "mysql", "root@tcp("+protocoltest.Loopback(n)+")/")
	awaitServer(t, owner)
	do(t, owner, "CREATE DATABASE shop", "CREATE TABLE shop.jobs (id INT)", "CREATE TABLE shop.loose (id INT) ENGINE=MyISAM", "CREATE DATABASE vault", "CREATE TABLE vault.hidden (id INT)",
		"CREATE USER keda@'%' IDENTIFIED BY 'a $ecret/@:?'", "GRANT ALL ON shop.* TO keda@'%'", "GRANT INSERT ON vault.hidden TO keda@'%'",
		"CREATE FUNCTION shop.writes() RETURNS INT MODIFIES SQL DATA BEGIN INSERT INTO shop.jobs VALUES (0); RETURN 1; END",
		"CREATE PROCEDURE shop.sneaks() BEGIN COMMIT; START TRANSACTION READ WRITE; INSERT INTO shop.jobs VALUES (0); COMMIT; SELECT 1; END")
	return port, owner
}

// awaitServer waits until a server that listens also answers.
func awaitServer(t testing.TB, db *sql.DB) {
	t.Helper()
	for until := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		err := db.PingContext(t.Context())
		if err == nil {
			return
		}
		if time.Now().After(until) {
			t.Fatal(err)
		}
	}
}
