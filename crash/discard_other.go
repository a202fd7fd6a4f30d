//go:build !linux

package crash

import "os"

// discard drops nothing here: what was written is still taken first.
func discard(*os.File) {}
