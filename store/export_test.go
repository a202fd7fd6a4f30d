package store

// Held is the number of things that a store remembers, for the tests of its
// bounds.
func (s *Store) Held() int {
	n := len(s.objects) + len(s.jobs) + len(s.hpas) + len(s.work) + len(s.pods.byRef) + len(s.pods.pending) + len(s.queues) + len(s.puts) + len(s.gone) +
		len(s.byUID) + len(s.owned) + len(s.events)
	for _, os := range s.byTarget {
		n += len(os)
	}
	for _, os := range s.byQueue {
		n += len(os)
	}
	return n
}
