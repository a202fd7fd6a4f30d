//go:build !plant

package main

import tea "charm.land/bubbletea/v2"

// planted is the model; a build for tests of crashes has another that crashes.
func planted(m tea.Model) tea.Model { return m }
