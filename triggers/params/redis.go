package params

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// redis is what KEDA checks of a Redis trigger beyond each parameter: that it names a
// server, and says no more than once whether that wants TLS.
func redis(all []Parameter, v Values, streams bool) error {
	get := func(name string) string {
		i := slices.IndexFunc(all, func(p Parameter) bool { return slices.Contains(p.Names, name) })
		text, _ := v.Of(all[i])
		return text
	}
	if _, err := Addresses(v); err != nil {
		return err
	}
	inTrigger, inAuthentication := get("enableTLS"), get("tls")
	if inTrigger != "" && inAuthentication != "" {
		return errors.New("unable to set `tls` in both ScaledObject and TriggerAuthentication together")
	}
	if _, err := strconv.ParseBool(inTrigger); inTrigger != "" && err != nil {
		return fmt.Errorf("EnableTLS parsing error %w", err)
	}
	if !slices.Contains([]string{"", "enable", "disable"}, inAuthentication) {
		return fmt.Errorf("error incorrect TLS value given, got %s", inAuthentication)
	}
	if streams && get("stream") == "" {
		return errors.New("missing redis stream name")
	}
	return nil
}

// Addresses are those that a Redis trigger names, host:port or whatever is written there,
// or KEDA's error where it names none.
func Addresses(v Values) ([]string, error) {
	list := func(name string) []string {
		for _, p := range Of("redis") {
			if text, ok := v.Of(p); ok && slices.Contains(p.Names, name) {
				return p.split(text)
			}
		}
		return nil
	}
	out, hosts, ports := list("address"), list("host"), list("port")
	if len(hosts) != 0 && len(ports) != 0 {
		if len(hosts) != len(ports) {
			return nil, errors.New("not enough hosts or ports given. number of hosts should be equal to the number of ports")
		}
		for i := range hosts {
			if strings.Contains(hosts[i], ":") { // of version 6
				hosts[i] = "[" + hosts[i] + "]"
			}
			out = append(out, hosts[i]+":"+ports[i])
		}
	}
	if len(out) == 0 || out[0] == "" {
		return nil, errors.New("no addresses or hosts given. address should be a comma separated list of host:port or set the host/port values")
	}
	return out, nil
}

// HostPort is what Go's libraries say of an address that is not host:port.
func HostPort(address string) error {
	is := ""
	if address != "" {
		is = "address " + address + ": "
	}
	host, inBrackets := strings.CutPrefix(address, "[")
	if inBrackets && strings.Contains(address, ":") {
		_, after, closed := strings.Cut(host, "]")
		if !closed {
			return errors.New(is + "missing ']' in address")
		}
		host = after
	}
	switch strings.Count(host, ":") {
	case 0:
		return errors.New(is + "missing port in address")
	case 1:
		return nil
	}
	return errors.New(is + "too many colons in address")
}
