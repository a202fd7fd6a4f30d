package jolokia

import (
	"net/url"
	"strings"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

// place is where the number of a trigger is.
type place struct {
	agent     string // the URL of the agent: http://HOST:PORT/console/jolokia
	mbean     string
	attribute string
	path      string // within the attribute; "" for all of it
}

// usualArtemis is the address that KEDA reads where the trigger has only its parts.
func usualArtemis(p triggers.Parameters) (string, error) {
	if err := named(p, "managementEndpoint", "queueName", "brokerName", "brokerAddress"); err != nil {
		return "", err
	}
	return "http://" + p.Text("managementEndpoint") + `/console/jolokia/read/org.apache.activemq.artemis:broker="` + p.Text("brokerName") +
		`",component=addresses,address="` + p.Text("brokerAddress") + `",subcomponent=queues,routing-type="anycast",queue="` + p.Text("queueName") + `"/MessageCount`, nil
}

// usualActiveMQ is that too.
func usualActiveMQ(p triggers.Parameters) (string, error) {
	if err := named(p, "managementEndpoint", "destinationName", "brokerName"); err != nil {
		return "", err
	}
	return "http://" + p.Text("managementEndpoint") + "/api/jolokia/read/org.apache.activemq:type=Broker,brokerName=" + p.Text("brokerName") +
		",destinationType=Queue,destinationName=" + p.Text("destinationName") + "/QueueSize", nil
}

func named(p triggers.Parameters, names ...string) error {
	for _, name := range names {
		if p.Text(name) == "" {
			return &kscope.Trouble{Message: "the trigger names no " + name, Hint: "KEDA needs " + strings.Join(names, ", ")}
		}
	}
	if strings.Contains(p.Text("managementEndpoint"), "//") {
		return &kscope.Trouble{Message: "managementEndpoint is not a URL, but a host and a port", Hint: "leave http:// away; for https there is a template of the whole address"}
	}
	return nil
}

// place is where KEDA reads the number of a trigger, by the address that it would ask.
func (k *kind) place(p triggers.Parameters) (place, error) {
	text := p.Text(k.template)
	if text == "" {
		var err error
		if text, err = k.usual(p); err != nil {
			return place{}, err
		}
	} else if strings.Contains(text, "<<") || strings.Contains(text, "{{") {
		return place{}, &kscope.Trouble{Message: k.template + " has placeholders, which KEDA fills in with themselves", Hint: "write the whole address into it"}
	}
	at, ok := placeAt(text)
	if !ok {
		return place{}, &kscope.Trouble{Message: "the address that KEDA would ask is none of a Jolokia agent", Hint: "it is http://HOST:PORT/.../jolokia/read/MBEAN/ATTRIBUTE"}
	}
	return at, nil
}

// placeAt takes such an address apart.
func placeAt(text string) (at place, ok bool) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return at, false
	}
	before, after, ok := strings.Cut(u.EscapedPath(), "/read/")
	if !ok {
		return at, false
	}
	if after, err = url.PathUnescape(after); err != nil {
		return at, false
	}
	names := split(after)
	if len(names) < 2 || names[0] == "" || names[1] == "" {
		return at, false
	}
	at.agent = u.Scheme + "://" + u.Host + before
	at.mbean, at.attribute = names[0], names[1]
	for i, name := range names[2:] {
		if i > 0 {
			at.path += "/"
		}
		at.path += escape(name)
	}
	return at, true
}

// split splits at slashes, of which !/ is none; so Jolokia writes them, and ! itself as !!.
func split(text string) []string {
	names, name := []string(nil), strings.Builder{}
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '!' && i+1 < len(text):
			i++
			name.WriteByte(text[i])
		case text[i] == '/':
			names = append(names, name.String())
			name.Reset()
		default:
			name.WriteByte(text[i])
		}
	}
	return append(names, name.String())
}

func escape(name string) string { return strings.NewReplacer("!", "!!", "/", "!/").Replace(name) }

// property is a key property of the MBean's name, as it stands there: in quotes where it
// has some; "" where there is none.
func (p place) property(key string) string { return propertyOf(p.mbean, key) }

func propertyOf(mbean, key string) string {
	_, rest, _ := strings.Cut(mbean, ":")
	for rest != "" {
		end, quoted := len(rest), false
		for i := 0; i < len(rest); i++ {
			if rest[i] == '\\' && quoted {
				i++
			} else if rest[i] == '"' {
				quoted = !quoted
			} else if rest[i] == ',' && !quoted {
				end = i
				break
			}
		}
		if name, value, ok := strings.Cut(rest[:end], "="); ok && strings.TrimSpace(name) == key {
			return value
		}
		rest = rest[min(end+1, len(rest)):]
	}
	return ""
}
