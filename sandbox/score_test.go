package sandbox

import (
	"flag"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/kscope/kscope/explain/score"
)

var (
	scoreEvery  = flag.Int("score-every", 384, "TestScore plays one story in so many")
	scoreFamily = flag.String("score-family", "", "TestScore plays the stories of this family alone, such as others")
	scoreStory  = flag.String("score-story", "", "TestScore plays this story alone, such as healthy-27, and tells it second by second")
)

// TestScore plays stories through the real sources and the real store, holds what
// is said at every second against what then happens, and fails where less of it
// comes true than the bars want. make score plays all stories and shows the table.
func TestScore(t *testing.T) {
	var played []score.Played
	var mu sync.Mutex
	t.Run("stories", func(t *testing.T) {
		for _, s := range chosen(t) {
			t.Run(s.name(), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					out := tell(t, s)
					if *scoreStory != "" {
						fmt.Println(out.trace())
					}
					one := score.Played{Name: s.name(), Tally: out.Weigh()}
					mu.Lock()
					defer mu.Unlock()
					played = append(played, one)
				})
			})
		}
	})
	fmt.Println(score.Table(storyLength, []score.Family{healthy, broken, others, used}, played))
	if *scoreStory != "" || t.Failed() {
		return // of one story no share means whatever
	}
	miss := 0.0
	if *scoreEvery > 1 {
		miss = partly
	}
	report, ok := score.Held(bars, score.All(played), len(played) < handful, miss)
	fmt.Println(report)
	if !ok {
		t.Error("less comes true than the bars want")
	}
}

// chosen are the stories to play.
func chosen(t *testing.T) []story {
	var out []story
	i := 0
	for _, f := range families {
		if *scoreFamily != "" && *scoreFamily != string(f.family) {
			continue
		}
		for n := range f.n {
			s := storyOf(f.family, n)
			if *scoreStory == "" && i%max(*scoreEvery, 1) == 0 || *scoreStory == s.name() {
				out = append(out, s)
			}
			i++
		}
	}
	if len(out) == 0 {
		t.Fatalf("there is no story %q", *scoreStory)
	}
	return out
}
