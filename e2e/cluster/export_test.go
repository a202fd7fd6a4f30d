package cluster

// StartTied starts a process that dies with this one, as Start does for a
// cluster that is not detached.
func StartTied(p *Program, logFile string) error {
	return newSpawner(true).start(p, logFile)
}
