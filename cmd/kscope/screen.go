package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/term"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/sources/redis"
	"github.com/kscope/kscope/tui"
)

const (
	// gather is how long observations are gathered that come one by one: a
	// list of thousands takes few messages then.
	gather = 4 * time.Millisecond
	// drawEvery bounds redraws under load to 30 a second.
	drawEvery = 34 * time.Millisecond
	// settled is when the first lists are long in.
	settled = 5 * time.Second
)

// show runs the screen over a stream until the user quits, then cancels the
// stream and waits for its end. The screen opens first and the stream after,
// so that the first frame waits for nothing and competes with nothing. Loads
// run by the clock now.
//
// What is observed is drawn at once; what comes while that frame is fresh waits
// for the next. Observations that concern nothing on screen delay nothing. In the end
// the ledger is written, nil for none.
func show(ctx context.Context, o tui.Options, queues *redis.Source, now kscope.Clock, open func(context.Context) (<-chan kscope.Observation, error), ledger *book, p process) (failed error) {
	terminal, err := take(p)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	o.Purge = func(p load.Purge) {
		_ = queues.Purge(ctx, p) // what came of it is an observation
	}
	o.Load.Run = func(lctx context.Context, l load.Load) error {
		lctx, stop := context.WithCancel(lctx)
		defer stop()
		defer context.AfterFunc(ctx, stop)() // quitting stops it
		return queues.Load(lctx, l, now)
	}
	o.Load.Others = queues.Others
	model := tui.New(o)
	if w, h, err := term.GetSize(terminal.out.Fd()); err == nil { // so that the very first frame is a whole one
		if _, rows := within(w, h); rows != h { // the library makes room for it before anybody is asked
			return &kscope.Trouble{Cause: fmt.Errorf("the terminal says that it is %d columns by %d rows", w, h), Hint: "stty cols 80 rows 24 sets it right"}
		}
		model.Update(tea.WindowSizeMsg{Width: w, Height: h})
	}
	screen, program := newProgram(ctx, terminal, planted(model), o.NoColor)

	opened, ended := make(chan error, 1), make(chan struct{})
	go func() {
		select {
		case <-screen.begun:
		case <-ctx.Done():
			opened <- nil
			return
		}
		terminal.guard()
		in, err := open(ctx)
		if err != nil {
			opened <- err
			program.Send(tui.Ended{Err: err})
			return
		}
		tidy := time.AfterFunc(settled, giveBack)
		defer tidy.Stop()
		forward(kscope.Batch(in, gather), program.Send, ended)
		opened <- nil
	}()
	if ledger != nil { // a screen that hangs changes nothing meanwhile
		terminal.leaving.atLast(func() error { return ledger.write(model.Ledger()) })
	}
	err = terminal.run(program)
	asked := ctx.Err() != nil // to leave, by a signal
	cancel()
	close(ended)
	openErr := <-opened // and the stream has been drained
	terminal.unguard()
	if ledger != nil {
		defer func() {
			terminal.leaving.atLast(nil) // it is done here
			if e := ledger.write(model.Ledger()); failed == nil {
				failed = e
			}
		}()
	}
	switch {
	case openErr != nil:
		return openErr
	case asked && errors.Is(err, tea.ErrProgramKilled): // and no defect
		return nil
	case err != nil:
		return err
	}
	return model.Err()
}

// forward sends what is observed, and after what made a new frame waits until
// the next one is due. Once the screen has ended it drains the stream.
func forward(in <-chan []kscope.Observation, send func(tea.Msg), ended <-chan struct{}) {
	drew := make(chan bool, 1)
	for batch := range in {
		send(tui.Observed{All: batch, Drew: drew})
		select {
		case frame := <-drew:
			if frame {
				pause(drawEvery, ended)
			}
		case <-ended:
		}
	}
}

// pause waits, or until the screen has ended.
func pause(d time.Duration, ended <-chan struct{}) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ended:
	}
}

// giveBack gives what the first lists took back to the system: a dashboard stays
// open for hours, and the runtime by itself keeps as much again as it needs. So
// garbage is collected twice as often from then on, which leaves half of it: little
// is made while nothing happens.
func giveBack() {
	debug.FreeOSMemory()
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
}
