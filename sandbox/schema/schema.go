// Package schema is KEDA's own schemas of its kinds, by which an API server takes an
// object or refuses it, in the API server's words.
package schema

import (
	"bytes"
	"compress/gzip"
	_ "embed" // the schemas
	"encoding/json"
	"sync"
)

// keda is what KEDA 2.21's CRDs say, as `go run . tables` in e2e writes it.
//
//go:embed keda.json.gz
var keda []byte

// Shape is what a schema says of a value: as much of OpenAPI as KEDA's CRDs use.
type Shape struct {
	Type     string            `json:"t"` // object, array, string, integer, boolean; "" for anything
	Fields   map[string]*Shape `json:"p"`
	Values   *Shape            `json:"v"` // of an object that may have any keys
	Free     bool              `json:"x"` // it may have any fields
	Items    *Shape            `json:"i"`
	Required []string          `json:"r"`
	OneOf    []string          `json:"e"`
	Least    *float64          `json:"m"`
	Most     *float64          `json:"M"`
	Shortest int               `json:"l"` // a text
	Longest  int               `json:"L"`
	Fewest   int               `json:"n"` // items of a list
	Pattern  string            `json:"P"`
	Format   string            `json:"f"` // int32, int64, date-time
	IsEither bool              `json:"s"` // a number or a text
}

var shapes = sync.OnceValue(func() map[string]*Shape {
	out := map[string]*Shape{}
	r, err := gzip.NewReader(bytes.NewReader(keda))
	if err == nil {
		err = json.NewDecoder(r).Decode(&out)
	}
	if err != nil {
		panic("the schemas that are built in: " + err.Error())
	}
	return out
})

// Of is the schema of a kind of KEDA's, false for another kind.
func Of(kind string) (*Shape, bool) {
	s, ok := shapes()[kind]
	return s, ok
}
