package redis

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"html"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kscope/kscope"
)

// Server says how to reach a Redis server. Its password cannot be read back
// and is not printed with it.
type Server struct {
	Address  string // host:port
	DB       *int   // the database for all queues; nil leaves each its own
	Username string
	TLS      bool
	// PasswordFrom says in words where the password came from that it was parsed
	// with; [PasswordVariable] where that is not said.
	PasswordFrom string
	password     string
	more         *more // nil where the above is all; shared by copies, never changed
}

// PasswordVariable is the environment variable that is best for a password.
const PasswordVariable = "KSCOPE_REDIS_PASSWORD"

var (
	errServer = errors.New("want HOST:PORT, redis://[USER@]HOST[:PORT][/DB] or rediss://… for TLS")
	// The texts of errors never repeat what was given: it may hold a password.
	errPassword = errors.New("a password does not belong on the command line, where every user of this machine can read it: " +
		"put it into the environment variable " + PasswordVariable)
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

// ParseOverride reads what [ParseServer] reads, or ADDRESS=SERVER, where ADDRESS
// is host:port as triggers name it; it is "" where the server is for all.
// Password gives the password for what is at that address. The errors do not
// repeat what was given.
func ParseOverride(s string, password func(of string) string) (of string, server Server, err error) {
	if before, after, ok := strings.Cut(s, "="); ok && !strings.Contains(before, "://") {
		if of, err = address(strings.TrimSpace(before), ""); err != nil {
			return "", Server{}, err
		}
		s = after
	}
	server, err = ParseServer(s, password(of))
	return of, server, err
}

// CutAddress takes ADDRESS= from the front of a text. Where there is no address
// of that form, of is "" and rest is all of it.
func CutAddress(s string) (of, rest string) {
	if before, after, ok := strings.Cut(s, "="); ok {
		if of, err := address(strings.TrimSpace(before), ""); err == nil {
			return of, after
		}
	}
	return "", s
}

// address checks host:port and adds the port where there is none.
func address(s, port string) (string, error) {
	u := url.URL{Host: s} // knows brackets and where a port begins
	host := u.Hostname()
	if p := u.Port(); p != "" {
		port = p
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if !isHost(host) || err != nil || n == 0 {
		return "", errServer
	}
	return net.JoinHostPort(host, strconv.FormatUint(n, 10)), nil
}

// isHost reports whether a text is an IP address or could be a name: whatever is
// one can be written and read back, on one line.
func isHost(s string) bool {
	ip, zone, zoned := strings.Cut(s, "%")
	if _, err := netip.ParseAddr(ip); err == nil {
		return !zoned || strings.Contains(ip, ":") && isName(zone) && len(zone) == utf8.RuneCountInString(zone) // of an interface: plain letters
	}
	return isName(s)
}

func isName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool {
		return !unicode.IsLetter(c) && !unicode.IsDigit(c) && !strings.ContainsRune("-_.", c)
	})
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

// shown is a text that came from the server, or is about it, as it can be shown: a
// server has been told the password, and may repeat it.
func (s Server) shown(text string) string {
	return s.withoutSecrets(kscope.Clean(s.withoutSecrets(text))) // an escape sequence may have been in the middle of one
}

func (s Server) withoutSecrets(text string) string {
	for _, secret := range s.secrets() {
		if len(secret) <= 3 { // would blank out ordinary words
			continue
		}
		for _, form := range forms(s.Username, secret) {
			text = withoutBegun(strings.ReplaceAll(text, form, "…"), form)
			letters := string([]rune(form)) // where it is no UTF-8, as whoever repairs it writes it
			if len(letters) <= longSecret {
				text = regexp.MustCompile("(?i)"+regexp.QuoteMeta(letters)).ReplaceAllLiteralString(text, "…")
			}
		}
	}
	return text
}

const (
	longSecret = 1 << 10 // bytes: of anything longer capitals are what they are
	tellsOf    = 16      // bytes of a secret that tell that it is one
)

// withoutBegun is a text without what begins as a secret does and is cut: Redis repeats
// a part of what it does not understand.
func withoutBegun(text, secret string) string {
	if len(secret) <= tellsOf {
		return text
	}
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, secret[:tellsOf])
		out.WriteString(before)
		if !found {
			return out.String()
		}
		n := tellsOf
		for n < len(secret) && n-tellsOf < len(rest) && rest[n-tellsOf] == secret[n] {
			n++
		}
		out.WriteString("…")
		text = rest[n-tellsOf:]
	}
}

// forms are a secret as others may write it, whatever the case of its letters.
func forms(user, secret string) []string {
	basic := user + ":" + secret // as HTTP sends it
	out := []string{secret, url.QueryEscape(secret), url.PathEscape(secret), html.EscapeString(secret),
		strings.Trim(strconv.Quote(secret), `"`), strings.Trim(strconv.QuoteToASCII(secret), `"`),
		hex.EncodeToString([]byte(secret)), fmt.Sprintf("% x", secret)}
	for _, code := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		out = append(out, code.EncodeToString([]byte(basic)), code.EncodeToString([]byte(secret)))
	}
	return out
}

// secrets are what no text may hold.
func (s Server) secrets() []string {
	all := []string{s.password}
	if s.more != nil {
		all = append(all, s.more.sentinelPassword, s.more.keyPassword)
	}
	return all
}

// db is the database in which a queue of a given database is found here.
func (s Server) db(own int) int {
	if s.DB != nil {
		return *s.DB
	}
	return own
}
