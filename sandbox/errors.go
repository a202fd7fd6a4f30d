package sandbox

// hinted is an error with the next thing to try.
type hinted struct {
	error
	hint string
}

// Hint is the next thing to try.
func (h hinted) Hint() string  { return h.hint }
func (h hinted) Unwrap() error { return h.error }
