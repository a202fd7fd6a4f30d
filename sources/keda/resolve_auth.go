package keda

import (
	"fmt"

	"github.com/kscope/kscope"
)

// authentication is a TriggerAuthentication or ClusterTriggerAuthentication:
// for each parameter, how to get it. Nothing is got before it is asked for.
type authentication struct {
	x         *resolution
	kind      string
	name      string
	namespace string                                            // of its Secrets and ConfigMaps; "" until needed for a cluster's
	values    map[string]func() (value, from string, err error) // the last place that names a parameter wins
	identity  string                                            // that only KEDA's operator has; "" for none
	file      bool                                              // everything is in a file in KEDA's own pod
}

// stores are what only KEDA, with its identity, can ask, with the field of an
// authentication's spec that says what each parameter is there. In KEDA's order.
var stores = []struct{ field, list, name string }{
	{"hashiCorpVault", "secrets", "HashiCorp Vault"},
	{"azureKeyVault", "secrets", "Azure Key Vault"},
	{"gcpSecretManager", "secrets", "GCP Secret Manager"},
	{"awsSecretManager", "secrets", "AWS Secrets Manager"},
	{"", "boundServiceAccountToken", "a service account's token"},
}

// authenticate reads an authentication object. One that does not exist leaves
// KEDA without its parameters, which is what it does here.
func (x *resolution) authenticate(kind, name string) (*authentication, error) {
	a := &authentication{x: x, kind: kind, name: name, values: map[string]func() (string, string, error){}}
	resource, namespace := triggerAuthentications, x.ref.Namespace
	if kind == "ClusterTriggerAuthentication" {
		resource, namespace = clusterTriggerAuthentications, ""
	} else {
		a.namespace = namespace
	}
	u, err := x.get(resource, namespace, name)
	if err != nil {
		return nil, x.unreadable(err, kind, namespace, name)
	}
	if u == nil {
		x.missing("%s %s does not exist", kind, name)
		return a, nil
	}
	spec := fields(u.Object).at("spec")
	a.file = kind == "ClusterTriggerAuthentication" && spec.raw("filePath") != ""
	if p := spec.at("podIdentity").raw("provider"); p != "none" {
		a.identity = kscope.Clean(p)
	}
	a.environment(spec)
	a.references(spec, "configMapTargetRef", a.configMap)
	a.references(spec, "secretTargetRef", a.secret)
	for _, s := range stores {
		at := spec
		if s.field != "" {
			at = spec.at(s.field)
		}
		for _, v := range at.list(s.list) {
			m, _ := v.(map[string]any)
			a.values[fields(m).raw("parameter")] = a.elsewhere(s.name)
		}
	}
	return a, nil
}

func (a *authentication) value(parameter string) (value, from string, err error) {
	if a.file {
		_, _, err := a.elsewhere("a file in the KEDA operator's pod")()
		return "", "", err
	}
	get := a.values[parameter]
	if get == nil {
		return "", "", nil
	}
	return get()
}

// elsewhere says that a value cannot be had from here.
func (a *authentication) elsewhere(store string) func() (string, string, error) {
	return func() (string, string, error) {
		return "", "", &kscope.Trouble{
			Message: fmt.Sprintf("%s %s takes what is needed to connect from %s, which kscope cannot read", a.kind, a.name, store),
			Hint:    a.x.byHand("", useOverride),
		}
	}
}

func (a *authentication) environment(spec fields) {
	for _, v := range spec.list("env") {
		m, _ := v.(map[string]any)
		e := fields(m)
		a.values[e.raw("parameter")] = func() (string, string, error) {
			env := a.x.env
			if c := e.raw("containerName"); c != "" {
				env.container = c
			}
			a.x.out.PerWorkload = true
			value, from, err := env.variable(e.raw("name"))
			return value, a.by(from), err
		}
	}
}

func (a *authentication) references(spec fields, list string, get func(name, key string) (string, string, error)) {
	for _, v := range spec.list(list) {
		m, _ := v.(map[string]any)
		r := fields(m)
		a.values[r.raw("parameter")] = func() (string, string, error) {
			value, from, err := get(r.raw("name"), r.raw("key"))
			return value, a.by(from), err
		}
	}
}

func (a *authentication) by(from string) string {
	if from == "" {
		return ""
	}
	return from + ", by " + a.kind + " " + a.name
}

func (a *authentication) secret(name, key string) (string, string, error) {
	data, err := a.x.secret(a.home(), name)
	return a.pick("Secret", name, key, data, err)
}

func (a *authentication) configMap(name, key string) (string, string, error) {
	data, err := a.x.configMap(a.home(), name)
	return a.pick("ConfigMap", name, key, data, err)
}

// home is where the Secrets and ConfigMaps are: with a
// ClusterTriggerAuthentication in KEDA's own namespace.
func (a *authentication) home() string {
	if a.namespace == "" {
		a.namespace = a.x.KEDANamespace(a.x.ctx)
	}
	return a.namespace
}

// pick is one key of an object; one that is missing is empty to KEDA.
func (a *authentication) pick(kind, name, key string, data map[string]string, err error) (string, string, error) {
	if err != nil {
		return "", "", err
	}
	object := kind + " " + a.namespace + "/" + name
	value, ok := data[key]
	switch {
	case data == nil:
		a.x.missing("%s does not exist", object)
		return "", "", nil
	case !ok:
		a.x.missing("%s has no key %s", object, key)
		return "", "", nil
	}
	return value, object + " key " + key, nil
}
