package k8s

import (
	"flag"
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	flag.Parse()
	// What runs in parallel here waits far more than it computes.
	if flag.Lookup("test.fuzz").Value.String() == "" { // whose workers these are too
		if err := flag.Set("test.parallel", "24"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
