// Package schemas reads the schemas of KEDA's kinds out of its CRDs: what package
// sandbox/schema goes by.
package schemas

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"
)

// kinds are those that are read, with the file of their CRD and KEDA's patches of it.
var kinds = []struct{ kind, crd, patch string }{
	{"ScaledObject", "keda.sh_scaledobjects.yaml", "scaledobject_patch.yaml"},
	{"ScaledJob", "keda.sh_scaledjobs.yaml", "scaledjob_patch.yaml"},
	{"TriggerAuthentication", "keda.sh_triggerauthentications.yaml", ""},
	{"ClusterTriggerAuthentication", "keda.sh_clustertriggerauthentications.yaml", ""},
}

// Of is the schemas of the KEDA whose source is in a folder, by their kinds, as JSON:
// what decides whether an object is taken, by the short names of sandbox/schema.
func Of(keda string) ([]byte, error) {
	out := map[string]any{}
	for _, k := range kinds {
		crd, err := read(filepath.Join(keda, "config/crd/bases", k.crd))
		if err != nil {
			return nil, err
		}
		if k.patch != "" {
			if crd, err = patched(crd, filepath.Join(keda, "config/crd/patches", k.patch)); err != nil {
				return nil, err
			}
		}
		version, err := at(crd, "spec", "versions", "0", "schema", "openAPIV3Schema")
		if err != nil {
			return nil, err
		}
		if out[k.kind], err = reduced(version.(map[string]any)); err != nil {
			return nil, fmt.Errorf("%s: %w", k.kind, err)
		}
	}
	return json.Marshal(out)
}

func read(file string) (out any, err error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return out, yaml.Unmarshal(b, &out)
}

// short are the names of what a schema says that decides.
var short = map[string]string{
	"type": "t", "required": "r", "enum": "e", "minimum": "m", "maximum": "M", "minLength": "l", "maxLength": "L",
	"minItems": "n", "maxItems": "N", "pattern": "P", "format": "f", "x-kubernetes-preserve-unknown-fields": "x", "x-kubernetes-int-or-string": "s",
}

// silent is what decides nothing here: words, defaults, how lists are merged, and what
// x-kubernetes-int-or-string says as well. The rules are written out in sandbox/schema.
var silent = map[string]bool{
	"description": true, "default": true, "x-kubernetes-list-type": true, "x-kubernetes-list-map-keys": true,
	"x-kubernetes-map-type": true, "anyOf": true, "x-kubernetes-validations": true,
}

func reduced(s map[string]any) (map[string]any, error) {
	out := map[string]any{}
	for name, v := range s {
		var err error
		switch name {
		case "properties":
			fields := map[string]any{}
			for field, of := range v.(map[string]any) {
				if fields[field], err = reduced(of.(map[string]any)); err != nil {
					return nil, fmt.Errorf("%s: %w", field, err)
				}
			}
			out["p"] = fields
		case "items":
			out["i"], err = reduced(v.(map[string]any))
		case "additionalProperties":
			if of, ok := v.(map[string]any); ok {
				out["v"], err = reduced(of)
			}
		default:
			if short[name] == "" && !silent[name] {
				return nil, fmt.Errorf("%s: not known of schemas", name)
			}
			if !silent[name] {
				out[short[name]] = v
			}
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// patched carries out the operations of a JSON patch, as far as KEDA's use them.
func patched(doc any, file string) (any, error) {
	all, err := read(file)
	if err != nil {
		return nil, err
	}
	for _, v := range all.([]any) {
		op := v.(map[string]any)
		path := strings.Split(strings.TrimPrefix(op["path"].(string), "/"), "/")
		last := path[len(path)-1]
		in, err := at(doc, path[:len(path)-1]...)
		if err != nil {
			return nil, err
		}
		switch in := in.(type) {
		case map[string]any:
			if op["op"] == "remove" {
				delete(in, last)
			} else {
				in[last] = op["value"]
			}
		case []any: // to whose end something is added
			of, err := at(doc, path[:len(path)-2]...)
			if err != nil {
				return nil, err
			}
			of.(map[string]any)[path[len(path)-2]] = append(in, op["value"])
		}
	}
	return doc, nil
}

// at is what stands at a path of names and numbers.
func at(v any, path ...string) (any, error) {
	for _, name := range path {
		switch in := v.(type) {
		case map[string]any:
			v = in[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i >= len(in) {
				return nil, fmt.Errorf("no %s", name)
			}
			v = in[i]
		}
		if v == nil {
			return nil, fmt.Errorf("no %s in %v", name, path)
		}
	}
	return v, nil
}
