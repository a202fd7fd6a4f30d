package rabbitmq

import (
	"slices"
	"strings"
	"testing"

	"github.com/kscope/kscope/triggers/params"

	"github.com/kscope/kscope/triggers"
)

type given = map[string]string

// TestFind: the host as KEDA reads it, getVhostAndPathFromURL and amqp.ParseURI.
func TestFind(t *testing.T) {
	for _, x := range []struct {
		given
		address, base, vhost, user, password string
		mechanisms                           []string
	}{
		{given{"host": "amqp://h"}, "h:5672", "", "/", "guest", "guest", nil},
		{given{"host": "amqps://u:p%2F@h/a%2Fb"}, "h:5671", "", "a/b", "u", "p/", nil},
		{given{"host": "amqp://u:p@h:1/v", "vhostName": "w"}, "h:1", "", "w", "u", "p", nil},
		{given{"host": "amqp://u:p@[::1]:1/", "username": "v", "password": "q"}, "[::1]:1", "", "/", "v", "q", nil},
		{given{"host": "amqp://u:p@h", "username": "v"}, "h:5672", "", "/", "u", "p", nil},
		{given{"host": "amqp://u:p@h?auth_mechanism=amqplain"}, "h:5672", "", "/", "u", "p", []string{"amqplain"}},
		{given{"host": "amqp://u:p@h?auth_mechanism=amqplain", "vhostName": "v"}, "h:5672", "", "v", "u", "p", nil},
		{given{"host": "amqps://h/v", "tls": "enable", "cert": "c", "key": "k"}, "h:5671", "", "v", "", "", []string{"EXTERNAL"}},
		{given{"host": "amqps://u:p@h/v", "tls": "enable", "cert": "c", "key": "k"}, "h:5671", "", "v", "u", "p", nil},
		{given{"host": "amqps://h/v", "cert": "c", "key": "k"}, "h:5671", "", "v", "guest", "guest", nil},
		{given{"host": "http://u:p@h:15672"}, "h:15672", "http://h:15672", "/", "u", "p", nil},
		{given{"host": "http://u:p@h:15672/"}, "h:15672", "http://h:15672", "/", "u", "p", nil},
		{given{"host": "http://u:p@h:15672/%2F"}, "h:15672", "http://h:15672", "/", "u", "p", nil},
		{given{"host": "https://h/rabbit/my%20shop"}, "h:443", "https://h/rabbit", "my shop", "", "", nil},
		{given{"host": "https://h/rabbit/", "vhostName": "v"}, "h:443", "https://h/rabbit", "v", "", "", nil},
		{given{"host": "http://h/v", "username": "u", "password": "p"}, "h:80", "http://h", "v", "u", "p", nil},
		{given{"host": "http://u:p@h/v", "protocol": "http"}, "h:80", "http://h", "v", "u", "p", nil},
	} {
		w, err := find(parameters(x.given))
		if err != nil || w.address != x.address || w.base != x.base || w.vhost != x.vhost || w.user != x.user || w.password != x.password || !slices.Equal(w.mechanisms, x.mechanisms) {
			t.Errorf("%v: got %+v, %v", x.given, w, err)
		}
	}
}

func parameters(values given) triggers.Parameters {
	p := params.Written("rabbitmq", values)
	for name, value := range values { // those that only an authentication may have
		p.Values[name] = value
	}
	return p
}

// FuzzFind: no host is repeated in an error, and who is found has an address.
func FuzzFind(f *testing.F) {
	for _, host := range []string{"amqp://u:p@h:1/v", "http://u:p@h/%2F", "https://[::1", "amqp:///v", "http://u:p#x@h", "://", "amqp://h:99999999999", "http:h"} {
		f.Add(host, "v")
	}
	f.Fuzz(func(t *testing.T, host, vhost string) {
		p := parameters(given{"host": host, "vhostName": vhost, "queueName": "q"})
		w, err := find(p)
		if err != nil {
			if len(host) > 8 && strings.Contains(err.Error(), host) {
				t.Errorf("%q is repeated: %v", host, err)
			}
			return
		}
		if w.address == "" || w.vhost == "" || !w.amqp && w.base == "" {
			t.Errorf("%q leads to %+v", host, w)
		}
		if _, err := New().Key(p); err != nil {
			t.Errorf("%q has no key: %v", host, err)
		}
	})
}
