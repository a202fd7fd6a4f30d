package main

import (
	"context"

	tea "charm.land/bubbletea/v2"
)

// stops is nothing here: no program is stopped and goes on.
type stops struct{}

func (*stops) listen(context.Context, func(tea.Msg)) {}
func (*stops) suspend() bool                         { return true }
