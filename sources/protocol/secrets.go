package protocol

import (
	"cmp"
	"encoding/base64"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/kscope/kscope/triggers"
)

// shortest is how long a secret is at least that is taken out of a text: less than that
// stands in words that are none.
const shortest = 4 // bytes

// withoutSecrets is a text in which no secret of the parameters stands: a library may
// repeat what it was given, and a server what it was sent.
func withoutSecrets(text string, p triggers.Parameters) string {
	for _, secret := range secretsOf(p) {
		text = strings.ReplaceAll(text, secret, "…")
	}
	return text
}

// secretsOf are the texts that may be secret: values, what is secret in these, and both as
// they are written in URLs and headers. The longest come first, for others may be in them.
func secretsOf(p triggers.Parameters) []string {
	all := map[string]bool{}
	add := func(secret string) {
		if len(secret) < shortest {
			return
		}
		for _, as := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret)} {
			all[as] = true
		}
	}
	login := func(user, password string) {
		if password == "" || password == user { // who is guest is said
			return
		}
		add(password)
		all[base64.StdEncoding.EncodeToString([]byte(user+":"+password))] = true
	}
	for name, value := range p.Values {
		if secretName(name) {
			add(value)
			for _, part := range pieces(name, value) {
				add(part)
			}
		}
		if u, err := url.Parse(value); err == nil && u.Host != "" {
			password, _ := u.User.Password()
			login(u.User.Username(), password)
			for name, values := range u.Query() {
				for _, v := range values {
					if secretName(name) || name == "sig" {
						add(v)
					}
				}
			}
		}
	}
	login(p.Text("username"), p.Text("password"))
	return slices.SortedFunc(maps.Keys(all), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
}

// secretName reports whether the value of a parameter of a name may be secret.
func secretName(name string) bool {
	lower := strings.ToLower(name)
	if strings.HasSuffix(lower, "url") || strings.HasSuffix(lower, "uri") {
		return false
	}
	return triggers.MayBeSecret(name) || strings.Contains(lower, "key") || strings.Contains(lower, "cert")
}

// pieces are what may be secret in a list of name=value, as connection strings, headers
// and the like are. Of a connection string not all is: its host is to be told.
func pieces(name, value string) (out []string) {
	connection := strings.Contains(strings.ToLower(name), "connection")
	for _, pair := range strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(";,& \n", r) }) {
		key, v, ok := strings.Cut(pair, "=")
		if !ok || connection && (!secretName(key) || strings.HasSuffix(strings.ToLower(key), "name")) {
			continue
		}
		out = append(out, strings.TrimSpace(v))
		if plain, err := url.QueryUnescape(v); err == nil {
			out = append(out, plain)
		}
	}
	return out
}
