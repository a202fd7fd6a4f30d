package keda

import (
	"strconv"
	"strings"
)

func (x *resolution) addresses() error {
	addresses, err := x.list("address", "addresses")
	if err != nil {
		return err
	}
	hosts, err := x.list("host", "hosts")
	if err != nil {
		return err
	}
	ports, err := x.list("port", "ports")
	if err != nil {
		return err
	}
	if len(hosts) != len(ports) {
		return x.refuse("the trigger names %d hosts and %d ports", len(hosts), len(ports))
	}
	for i := range hosts {
		addresses = append(addresses, hosts[i]+":"+ports[i])
	}
	if len(addresses) == 0 {
		return x.refuse("the trigger has neither an address nor a host and port")
	}
	x.out.Addresses = addresses
	return nil
}

// list is a parameter split at its commas.
func (x *resolution) list(names ...string) ([]string, error) {
	text, err := x.parameter(names...)
	if err != nil || text == "" {
		return nil, err
	}
	items := strings.Split(text, ",")
	for i := range items {
		items[i] = strings.TrimSpace(items[i])
	}
	return items, nil
}

func (x *resolution) credentials() error {
	return x.fill([]wanted{
		{&x.out.Username, "username"}, {&x.out.Password, "password"}, {&x.out.SentinelMaster, "sentinelMaster"},
		{&x.out.SentinelUsername, "sentinelUsername"}, {&x.out.SentinelPassword, "sentinelPassword"},
	})
}

// wanted is a parameter and where it goes.
type wanted struct {
	into *string
	name string
}

func (x *resolution) fill(all []wanted) (err error) {
	for _, w := range all {
		if *w.into, err = x.parameter(w.name); err != nil {
			return err
		}
	}
	return nil
}

// security is TLS with its certificates.
func (x *resolution) security() (err error) {
	enabled, err := x.flag("enableTLS")
	if err != nil {
		return err
	}
	text, err := x.parameter("tls")
	switch {
	case err != nil:
		return err
	case text == "enable" && enabled, text == "disable" && enabled:
		return x.refuse("enableTLS in the trigger and tls in its authentication exclude each other")
	case text != "" && text != "enable" && text != "disable":
		return x.refuse("tls of the authentication is neither enable nor disable")
	}
	x.out.TLS = enabled || text == "enable"
	if !x.out.TLS {
		return nil
	}
	if x.out.Unsafe, err = x.flag("unsafeSsl"); err != nil {
		return err
	}
	if err := x.fill([]wanted{{&x.out.CA, "ca"}, {&x.out.Key, "key"}, {&x.out.KeyPassword, "keyPassword"}}); err != nil {
		return err
	}
	x.out.Cert, err = x.parameter("cert", "Cert")
	return err
}

func (x *resolution) flag(name string) (bool, error) {
	text, err := x.parameter(name)
	if err != nil || text == "" {
		return false, err
	}
	on, err := strconv.ParseBool(text)
	if err != nil {
		return false, x.refuse("%s is neither true nor false", name)
	}
	return on, nil
}
