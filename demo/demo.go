// Package demo holds the objects of the demos and puts them into a cluster and takes them out again.
//
// The manifests directory is plain YAML for `kubectl apply -f`, built into the program: a Redis with
// the list `orders`, a worker that pops it, and a ScaledObject that scales the worker. A folder in it
// is the same with another broker. They fit beside each other in one namespace. Up applies
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

//go:embed manifests
var manifests embed.FS

// Namespace is where all demos are put.
const Namespace = "demo"

// A Demo is one broker with somebody to do its work, by what the manifests call them.
type Demo struct {
	Broker       string // as people choose it
	ScaledObject string
	Workload     string // the Deployment that is scaled

	title  string // the broker's own name
	folder string // of the manifests
	server string // the Deployment that KEDA asks, which has to be ready before it does; "" for none
}

// Default is the demo of whoever names no broker.
var Default = Demo{"redis", "worker-scaler", "queue-worker", "Redis", "manifests", "redis-master"}

var demos = []Demo{
	Default,
	{"kafka", "kafka-scaler", "kafka-worker", "Kafka", "manifests/kafka", "kafka"},
	{"rabbitmq", "rabbitmq-scaler", "rabbitmq-worker", "RabbitMQ", "manifests/rabbitmq", "rabbitmq"},
	{"nats", "nats-scaler", "nats-worker", "NATS", "manifests/nats", "nats"},
	{"http", "web-scaler", "web", "the HTTP add-on", "manifests/http", ""},
}

// Brokers are those that there is a demo of, the default first.
func Brokers() []string {
	var names []string
	for _, d := range demos {
		names = append(names, d.Broker)
	}
	return names
}

// Of is the demo of a broker, false for none.
func Of(broker string) (Demo, bool) {
	i := slices.IndexFunc(demos, func(d Demo) bool { return d.Broker == broker })
	if i < 0 {
		return Demo{}, false
	}
	return demos[i], true
}

// Every object of the demo carries this label. What lacks it belongs to somebody else.
const (
	partOfLabel = "app.kubernetes.io/part-of"
	partOfDemo  = "kscope-demo"
)

// Files returns the manifests by file name, as they lie in the source tree. Those of the default
// have the folders of the others beside them.
func (d Demo) Files() fs.FS {
	sub, err := fs.Sub(manifests, d.folder)
	if err != nil {
		panic(err) // the names are constants and valid
	}
	return sub
}

// Objects returns the objects of some demos in the order in which to create them: namespaces
// first, ScaledObjects last. An object that several files contain appears once.
func Objects(of ...Demo) ([]*unstructured.Unstructured, error) {
	var objs []*unstructured.Unstructured
	for _, d := range of {
		found, err := d.read()
		if err != nil {
			return nil, err
		}
		objs = append(objs, found...)
	}
	objs, err := unique(objs)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(objs, func(a, b *unstructured.Unstructured) int { return rank(a) - rank(b) })
	return objs, nil
}

func (d Demo) read() ([]*unstructured.Unstructured, error) {
	files := d.Files()
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
			return nil, fmt.Errorf("manifest %s/%s: %w", d.folder, name, err)
		}
		objs = append(objs, found...)
	}
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
	case "ConfigMap", "Secret", "Service":
		return 1
	case "ScaledObject":
		return 3
	default:
		return 2
	}
}
