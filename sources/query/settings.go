package query

import (
	"errors"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/lib/pq"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

// settings are how to connect to PostgreSQL, by the names of its documentation. They are
// read here and not by the driver, since that adds what the environment and the home of
// whoever runs kscope say, and its errors repeat passwords.
type settings map[string]string

// settingsOf are those that KEDA connects with: those of connection, or the parts.
func settingsOf(p triggers.Parameters) (settings, error) {
	if p.Identity != "" {
		return nil, &kscope.Trouble{Message: "KEDA signs in as an identity that only its operator has (" + p.Identity + ")", Hint: "kscope cannot ask the database itself"}
	}
	s := settings{}
	if text := p.Text("connection"); text == "" {
		for name, parameter := range map[string]string{"host": "host", "port": "port", "user": "userName", "dbname": "dbName", "sslmode": "sslmode", "password": "password"} {
			s[name] = p.Text(parameter)
		}
		for _, parameter := range []string{"host", "port", "userName", "dbName", "sslmode"} {
			if p.Text(parameter) == "" {
				return nil, &kscope.Trouble{Message: "the trigger names no " + parameter, Hint: "KEDA needs host, port, userName, dbName and sslmode, or a connection"}
			}
		}
	} else if err := s.read(text); err != nil {
		return nil, &kscope.Trouble{Message: "the connection makes no sense: " + err.Error(), Hint: "write it as host=... port=5432 user=... password=... dbname=... sslmode=..., or as postgres://USER@HOST:PORT/DATABASE"}
	}
	if _, err := s.config(); err != nil {
		return nil, err
	}
	return s, nil
}

// read reads a connection string, in either of the forms that PostgreSQL has.
func (s settings) read(text string) error {
	for _, scheme := range []string{"postgres://", "postgresql://"} {
		if rest, ok := strings.CutPrefix(text, scheme); ok {
			return s.readURL(rest)
		}
	}
	return s.readPairs(text)
}

var errURL = errors.New("it is no URL")

// readURL reads USER:PASSWORD@HOST:PORT,HOST:PORT/DATABASE?NAME=VALUE.
func (s settings) readURL(text string) error {
	at := len(text)
	if i := strings.IndexAny(text, "/?"); i >= 0 {
		at = i
	}
	hosts := text[:at]
	user := ""
	if i := strings.LastIndexByte(hosts, '@'); i >= 0 {
		user, hosts = hosts[:i+1], hosts[i+1:]
	}
	u, err := url.Parse("postgres://" + user + "host" + text[at:])
	if err != nil {
		return errURL
	}
	var names, ports []string
	for _, host := range strings.Split(hosts, ",") {
		port := ""
		if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
			host, port = host[:i], host[i+1:]
		}
		host, err := url.PathUnescape(strings.Trim(host, "[]"))
		if err != nil {
			return errURL
		}
		names, ports = append(names, host), append(ports, port)
	}
	s["host"], s["port"] = strings.Join(names, ","), strings.Join(ports, ",")
	s["user"] = u.User.Username()
	s["password"], _ = u.User.Password()
	s["dbname"] = strings.TrimPrefix(u.Path, "/")
	for name, values := range u.Query() {
		s[name] = values[len(values)-1]
	}
	return nil
}

// readPairs reads NAME=VALUE NAME='VAL\'UE'.
func (s settings) readPairs(text string) error {
	for text = strings.TrimLeftFunc(text, unicode.IsSpace); text != ""; text = strings.TrimLeftFunc(text, unicode.IsSpace) {
		name, rest, ok := strings.Cut(text, "=")
		if name = strings.TrimSpace(name); !ok || name == "" || strings.ContainsFunc(name, unicode.IsSpace) {
			return errors.New("a name has no = and value after it")
		}
		rest = strings.TrimLeftFunc(rest, unicode.IsSpace)
		quoted := strings.HasPrefix(rest, "'")
		rest = strings.TrimPrefix(rest, "'")
		var value strings.Builder
		i := 0
		for ; i < len(rest) && (quoted && rest[i] != '\'' || !quoted && !strings.ContainsRune(" \t\r\n\f\v", rune(rest[i]))); i++ {
			if rest[i] == '\\' {
				if i++; i == len(rest) {
					return errors.New("it ends in a backslash")
				}
			}
			value.WriteByte(rest[i])
		}
		if quoted {
			if i++; i > len(rest) {
				return errors.New("a quote is not closed")
			}
		}
		s[name], text = value.String(), rest[i:]
	}
	return nil
}

// mode is the sslmode; like KEDA's driver, prefer where there is none.
func (s settings) mode() string {
	if mode := s["sslmode"]; mode != "" {
		return mode
	}
	return "prefer"
}

// ours are settings that are no parameters of the session.
var ours = []string{"host", "port", "user", "password", "dbname", "database", "sslmode", "sslrootcert", "sslcert", "sslkey", "sslpassword", "sslsni", "sslnegotiation",
	"target_session_attrs", "options", "application_name", "fallback_application_name", "connect_timeout", "passfile", "service", "servicefile", "krbspn", "krbsrvname",
	"client_encoding", "datestyle", "channel_binding", "gssencmode", "min_protocol_version", "max_protocol_version", "require_auth",
	"default_query_exec_mode", "statement_cache_capacity", "description_cache_capacity", "min_read_buffer_size"}

// config is what the driver takes. TLS is not in it: see [secured].
func (s settings) config() (pq.Config, error) {
	c := pq.Config{
		Database: s["dbname"], User: s["user"], Password: s["password"], Options: s["options"], ApplicationName: "kscope",
		SSLMode: pq.SSLModeDisable, Passfile: filepath.Join(os.DevNull, "none"), // or it would look into the home
		ClientEncoding: "UTF8", Datestyle: "ISO, MDY", MinProtocolVersion: pq.ProtocolVersion30, MaxProtocolVersion: pq.ProtocolVersion30,
		TargetSessionAttrs: pq.TargetSessionAttrs(s["target_session_attrs"]), Runtime: maps.Clone(s),
	}
	if c.Database == "" {
		c.Database = s["database"]
	}
	maps.DeleteFunc(c.Runtime, func(name, _ string) bool { return slices.Contains(ours, name) })
	switch s.mode() {
	case "disable":
	case "allow", "prefer", "require", "verify-ca", "verify-full":
		for _, name := range []string{"sslrootcert", "sslcert", "sslkey"} {
			if s[name] != "" && s[name] != "system" {
				return c, &kscope.Trouble{Message: "the connection names a file that only KEDA's operator has (" + name + ")", Hint: "kscope cannot speak TLS as the operator does"}
			}
		}
	default:
		return c, &kscope.Trouble{Message: "sslmode is none that PostgreSQL has", Hint: "use disable, prefer, require, verify-ca or verify-full"}
	}
	switch attributes := c.TargetSessionAttrs; attributes {
	case "", pq.TargetSessionAttrsAny, pq.TargetSessionAttrsReadWrite, pq.TargetSessionAttrsReadOnly, pq.TargetSessionAttrsPrimary, pq.TargetSessionAttrsStandby, pq.TargetSessionAttrsPreferStandby:
	default:
		return c, &kscope.Trouble{Message: "target_session_attrs is none that PostgreSQL has", Hint: "use any, read-write or primary"}
	}
	hosts, ports := strings.Split(s["host"], ","), strings.Split(s["port"], ",")
	for i, host := range hosts {
		port := ports[min(i, len(ports)-1)]
		if port == "" {
			port = "5432"
		}
		n, err := strconv.ParseUint(port, 10, 16)
		switch {
		case host == "":
			return c, &kscope.Trouble{Message: "the connection names no host", Hint: "KEDA would look for a server in its own pod"}
		case filepath.IsAbs(host) || host[0] == '/' || host[0] == '@':
			return c, &kscope.Trouble{Message: "the connection leads through a socket of the machine it is used on", Hint: "KEDA needs a server of the network: host and port"}
		case err != nil:
			return c, &kscope.Trouble{Message: "the port is no number", Hint: "name it as 5432"}
		}
		c.Multi = append(c.Multi, pq.ConfigMultihost{Host: host, Port: uint16(n)})
	}
	c.Host, c.Port, c.Multi = c.Multi[0].Host, c.Multi[0].Port, c.Multi[1:]
	if c.User == "" {
		return c, &kscope.Trouble{Message: "the connection names no user", Hint: "give it user=..."}
	}
	return c, nil
}
