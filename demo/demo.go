// Package demo holds the objects of the demo and puts them into a cluster and takes them out again.
//
// The manifests directory is plain YAML for `kubectl apply -f`, built into the program: a Redis with
// the list `orders`, a worker that pops it, and a ScaledObject that scales the worker. Up applies
// the same objects with server-side apply and waits until KEDA has accepted them; Down removes what
// carries the demo's label and nothing else. The package installs no KEDA, starts no load, and
// writes to nothing but the writer it is given.
package demo

import (
	"bufio"
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

//go:embed manifests/*.yaml
var manifests embed.FS

// What the manifests call things, for those who have to name them.
const (
	Namespace    = "demo"
	ScaledObject = "worker-scaler"
	Workload     = "queue-worker"
	List         = "orders"
)

const redisDeployment = "redis-master"

// Every object of the demo carries this label. What lacks it belongs to somebody else.
const (
	partOfLabel = "app.kubernetes.io/part-of"
	partOfDemo  = "kscope-demo"
)

// Files returns the manifests by file name, as they lie in the source tree.
func Files() fs.FS {
	sub, err := fs.Sub(manifests, "manifests")
	if err != nil {
		panic(err) // the name is a constant and valid
	}
	return sub
}

// Objects returns the objects of the manifests in the order in which to create them: namespaces
// first, ScaledObjects last. An object that several files contain appears once.
func Objects() ([]*unstructured.Unstructured, error) {
	files := Files()
	names, err := fs.Glob(files, "*.yaml")
	if err != nil {
		return nil, err
	}
	var objs []*unstructured.Unstructured
	for _, name := range names {
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		found, err := parse(data)
		if err != nil {
			return nil, fmt.Errorf("manifest %s: %w", name, err)
		}
		objs = append(objs, found...)
	}
	if objs, err = unique(objs); err != nil {
		return nil, err
	}
	slices.SortStableFunc(objs, func(a, b *unstructured.Unstructured) int { return rank(a) - rank(b) })
	return objs, nil
}

// parse reads the documents of one file. A key given twice is an error.
func parse(data []byte) ([]*unstructured.Unstructured, error) {
	var objs []*unstructured.Unstructured
	docs := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(data)))
	for {
		doc, err := docs.Read()
		if errors.Is(err, io.EOF) {
			return objs, nil
		}
		if err != nil {
			return nil, err
		}
		j, err := yaml.YAMLToJSONStrict(doc)
		if err != nil {
			return nil, err
		}
		if string(j) == "null" { // only comments
			continue
		}
		obj := &unstructured.Unstructured{}
		if err := obj.UnmarshalJSON(j); err != nil {
			return nil, err
		}
		objs = append(objs, obj)
	}
}

// unique drops repetitions. Two different objects under one name are an error: which of them a
// cluster ends up with would depend on the order of files.
func unique(objs []*unstructured.Unstructured) ([]*unstructured.Unstructured, error) {
	var kept []*unstructured.Unstructured
	for _, obj := range objs {
		i := slices.IndexFunc(kept, func(k *unstructured.Unstructured) bool {
			return k.GroupVersionKind() == obj.GroupVersionKind() &&
				k.GetNamespace() == obj.GetNamespace() && k.GetName() == obj.GetName()
		})
		switch {
		case i < 0:
			kept = append(kept, obj)
		case !equality.Semantic.DeepEqual(kept[i].Object, obj.Object):
			return nil, fmt.Errorf("manifests: two different versions of %s", title(obj))
		}
	}
	return kept, nil
}

// rank orders kinds by what has to be there before what.
func rank(obj *unstructured.Unstructured) int {
	switch obj.GetKind() {
	case "Namespace":
		return 0
	case "ConfigMap", "Service":
		return 1
	case "ScaledObject":
		return 3
	default:
		return 2
	}
}
