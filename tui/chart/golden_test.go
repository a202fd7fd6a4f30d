package chart

import (
	"github.com/charmbracelet/colorprofile"

	"github.com/kscope/kscope/tui/screen"
)

var (
	trueDark  = screen.NewStyles(true, colorprofile.TrueColor, false)
	plainDark = screen.NewStyles(true, colorprofile.ASCII, false)
	asciiDark = screen.NewStyles(true, colorprofile.ASCII, true)
)

func blankGrid(w, h int, st *screen.Styles) (*screen.Grid, screen.Canvas) {
	g := &screen.Grid{}
	g.Reset(w, h, st)
	return g, g.Canvas()
}
