package store_test

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"
)

// TestAtOfWhatCameLate: where facts about different things come in another order
// than they were seen in, a picture knows of each what was seen by then, even if
// it came after the next keyframe.
func TestAtOfWhatCameLate(t *testing.T) {
	for seed := range int64(20) {
		rnd := rand.New(rand.NewSource(seed))
		os, refs := stream(rnd, 300)
		for i := range len(os) - 1 {
			if rnd.Intn(4) == 0 && about(os[i]) != about(os[i+1]) {
				os[i], os[i+1] = os[i+1], os[i]
			}
		}
		x := upTo(noon, nil)
		for _, o := range os {
			if x.Apply(o); rnd.Intn(30) == 0 {
				x.Keyframe()
			}
		}
		for range 10 {
			at := os[rnd.Intn(len(os))].At
			got, want := sketch(x.At(at), refs...), sketch(upTo(at, os), refs...)
			for key := range want { // series and since when depend on the order
				if !strings.HasSuffix(key, "pods") && !strings.HasSuffix(key, "depth") && !strings.HasSuffix(key, "events") && key != "refs" && key != "jobs" {
					delete(got, key)
					delete(want, key)
				}
			}
			differ(t, fmt.Sprint("seed ", seed, " at ", at.Sub(noon)), got, want)
		}
	}
}
