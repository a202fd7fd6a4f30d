//go:build race

package tui

// raceEnabled: the race detector makes everything ten times as slow.
const raceEnabled = true
