package tui

import (
	"testing"
	"time"

	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/triggers"
	"github.com/kscope/kscope/tui/chart"
)

// TestSchedulesOnTheAxis: what schedules did is marked, what they will do is due, and what
// was before one of them was changed is not told by the new one.
func TestSchedulesOnTheAxis(t *testing.T) {
	cron, err := triggers.ParseCron(map[string]string{"timezone": "UTC", "start": "0,2,4 12 * * *", "end": "1,3,5 12 * * *", "desiredReplicas": "4"})
	if err != nil {
		t.Fatal(err)
	}
	noon := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	win := window{from: noon.Add(30 * time.Second), to: noon.Add(3*time.Minute + 30*time.Second), bin: time.Second, cols: 180, ahead: 60}
	now := win.to.Add(-time.Second / 2)
	var p picture
	p.Readings = []store.Reading{{}, {Schedule: cron}}
	var in chart.Input
	past := schedules(&in, p, win, now)
	if len(in.Open) != 3 || !in.Open[0][0].Equal(win.from) || !in.Open[0][1].Equal(noon.Add(time.Minute)) || !in.Open[2][1].Equal(win.to.Add(time.Minute)) {
		t.Errorf("open: %v", in.Open)
	}
	if len(past) != 3 || past[0].Kind != chart.MarkCloses || past[1].Kind != chart.MarkOpens || past[1].N != 4 || !past[1].At.Equal(noon.Add(2*time.Minute)) {
		t.Errorf("past: %v", past)
	}
	want := chart.Due{Mark: chart.MarkOpens, Column: 30, To: "opens 4", In: "31s"}
	if len(in.Ahead.Due) != 1 || in.Ahead.Due[0] != want {
		t.Errorf("due: %v", in.Ahead.Due)
	}
	if turnsSoon(p, now) {
		t.Error("without a turn one comes soon")
	}
	p.Readings[1].Turns = now.Add(29 * time.Second)
	if !turnsSoon(p, now) {
		t.Error("no room for what comes in 29 s")
	}
	p.Readings[1].Scheduled = noon.Add(150 * time.Second)
	in = chart.Input{}
	if past = schedules(&in, p, win, now); len(past) != 1 || len(in.Open) != 2 || !in.Open[0][0].Equal(p.Readings[1].Scheduled) {
		t.Errorf("changed since: %v, %v", past, in.Open)
	}
}
