package soak

import (
	"math/rand/v2"
	"time"

	"github.com/kscope/kscope/e2e/screen"
)

// sizes are windows that a person drags the terminal to.
var sizes = [][2]int{{120, 35}, {80, 24}, {200, 55}, {40, 10}, {100, 30}, {20, 5}}

// Looks are keys that change what is looked at, with those that undo it.
var Looks = [][]string{
	{"?", "j", "j", "esc"}, {"C", "j", "esc"}, {"tab"}, {"1"}, {"2"}, {"3"}, {"4"}, {"f", "f"}, {"c", "c"}, {"p", "p"},
	{"<"}, {">"}, {"space", "[", "[", "]", "space"}, {"space", "g", "space"}, {"H", "H"}, {"I", "esc"}, {"i"}, {"!"}, {"ctrl+l"},
}

// A Person is somebody at a terminal who does what chance says, no faster than
// a hand: escape and what follows at once would be another key.
type Person struct {
	s     *screen.Screen
	r     *rand.Rand
	looks [][]string
	hand  *time.Ticker
}

// Sit gives a screen to a person, who must leave in the end. Looks is what the
// person presses, one of it after the other, each whole.
func Sit(s *screen.Screen, r *rand.Rand, looks [][]string) *Person {
	return &Person{s: s, r: r, looks: looks, hand: time.NewTicker(150 * time.Millisecond)}
}

// Leave is the end of it.
func (p *Person) Leave() { p.hand.Stop() }

// Pause lasts as long as a hand takes.
func (p *Person) Pause() { <-p.hand.C }

// Press presses keys one after the other.
func (p *Person) Press(keys ...string) {
	for _, k := range keys {
		p.Pause()
		p.s.Press(k)
	}
}

// Look presses one of the looks.
func (p *Person) Look() { p.Press(p.looks[p.r.IntN(len(p.looks))]...) }

// Drag gives the window another size.
func (p *Person) Drag() {
	size := sizes[p.r.IntN(len(sizes))]
	p.s.Resize(size[0], size[1])
}
