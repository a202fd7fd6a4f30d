//go:build plant

package main

import (
	"os"
	"path/filepath"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
)

// planted is a model that crashes by keypress, for the tests of crashes, which
// build it with this tag.
func planted(m tea.Model) tea.Model { return &mine{Model: m} }

type mine struct {
	tea.Model
	key string
}

func (m *mine) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if key, ok := msg.(tea.KeyPressMsg); ok {
		m.key = key.String()
		if do := crashes[m.key]; do != nil {
			return m, do()
		}
	}
	_, cmd := m.Model.Update(msg)
	return m, cmd
}

func (m *mine) View() tea.View {
	if m.key == "f2" {
		panic("planted in View")
	}
	return m.Model.View()
}

func die(where string) tea.Msg { panic("planted in " + where) }

// crashes are the ways to die, by key.
var crashes = map[string]func() tea.Cmd{
	"f1": func() tea.Cmd { die("Update"); return nil },
	"f2": func() tea.Cmd { return nil },
	"f3": func() tea.Cmd { return func() tea.Msg { return die("a command") } },
	"f4": func() tea.Cmd {
		one := func() tea.Msg { return die("one of several commands") }
		return tea.Batch(one, func() tea.Msg { return nil })
	},
	"f5": func() tea.Cmd { go die("a goroutine"); return nil },
	"f6": func() tea.Cmd {
		go func() {
			defer utilruntime.HandleCrash()
			die("a handler of an informer")
		}()
		return nil
	},
	"f7": func() tea.Cmd { time.AfterFunc(0, func() { new(sync.Mutex).Unlock() }); return nil }, // fatal
	"f8": func() tea.Cmd { // a stack without end, fatal
		var down func(int) int
		down = func(n int) int { return down(n+1) + 1 }
		go down(0)
		return nil
	},
	"f9": func() tea.Cmd { // the screen stands still
		_ = os.WriteFile(filepath.Join(os.TempDir(), "standstill"), nil, 0o600)
		select {}
	},
}
