package main

import (
	"context"
	"os"
	"time"

	tea "charm.land/bubbletea/v2"
)

// stops is nothing here: no program is stopped and goes on.
type stops struct{}

func (*stops) listen(context.Context, func(tea.Msg)) {}
func (*stops) suspend() bool                         { return true }

func letSet() {}

const atOnce = 0

// hearing is nothing here: a console cannot be asked whether it has input that is more
// than a window that has changed.
func hearing(*os.File) func(time.Duration) ([]byte, bool) { return nil }
