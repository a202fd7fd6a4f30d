package redis

import (
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// Server says how to reach a Redis server. Its password cannot be read back
// and is not printed with it.
type Server struct {
	Address  string // host:port
	DB       *int   // the database for all queues; nil leaves each its own
	Username string
	TLS      bool
	password string
}

var (
	errServer = errors.New("want HOST:PORT, redis://[USER@]HOST[:PORT][/DB] or rediss://… for TLS")
	// The texts of errors never repeat what was given: it may hold a password.
	errPassword = errors.New("a password does not belong on the command line, where every user of this machine can read it: " +
		"put it into the environment variable KSCOPE_REDIS_PASSWORD")
)

// ParseServer reads host:port or a redis:// or rediss:// URL. The password
// comes apart from it; one inside the URL is refused, with an error that does
// not repeat it.
func ParseServer(s, password string) (Server, error) {
	s = strings.TrimSpace(s)
	if !strings.Contains(s, "://") {
		if strings.Contains(s, "@") {
			return Server{}, errServer // perhaps a URL without its scheme, password and all
		}
		address, err := address(s, "")
		return Server{Address: address, password: password}, err
	}
	u, err := url.Parse(s)
	if err != nil || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "" {
		return Server{}, errServer
	}
	if _, has := u.User.Password(); has {
		return Server{}, errPassword
	}
	server := Server{Username: u.User.Username(), TLS: u.Scheme == "rediss", password: password}
	if u.Scheme != "redis" && u.Scheme != "rediss" {
		return Server{}, errServer
	}
	if server.Address, err = address(u.Host, "6379"); err != nil {
		return Server{}, err
	}
	if db := strings.Trim(u.Path, "/"); db != "" {
		n, err := strconv.Atoi(db)
		if err != nil || n < 0 {
			return Server{}, errServer
		}
		server.DB = &n
	}
	return server, nil
}

// address checks host:port and adds the port where there is none.
func address(s, port string) (string, error) {
	u := url.URL{Host: s} // knows brackets and where a port begins
	host := u.Hostname()
	if p := u.Port(); p != "" {
		port = p
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if host == "" || strings.ContainsAny(host, " /?#\\") || err != nil || n == 0 {
		return "", errServer
	}
	return net.JoinHostPort(host, port), nil
}

// String is the address, as a URL where there is more to say than that.
func (s Server) String() string {
	if !s.TLS && s.Username == "" && s.DB == nil {
		return s.Address
	}
	u := url.URL{Scheme: "redis", Host: s.Address}
	if s.TLS {
		u.Scheme = "rediss"
	}
	if s.Username != "" {
		u.User = url.User(s.Username)
	}
	if s.DB != nil {
		u.Path = "/" + strconv.Itoa(*s.DB)
	}
	return u.String()
}

// GoString is String, so that %#v does not print the password either.
func (s Server) GoString() string { return "redis.Server(" + s.String() + ")" }

// db is the database in which a queue of a given database is found here.
func (s Server) db(own int) int {
	if s.DB != nil {
		return *s.DB
	}
	return own
}
