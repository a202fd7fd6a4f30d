package crash

import (
	"os"

	"golang.org/x/sys/unix"
)

// discard drops what was written to a terminal and not taken by it: what comes next
// would wait behind it.
func discard(out *os.File) {
	_ = unix.IoctlSetInt(int(out.Fd()), unix.TCFLSH, unix.TCOFLUSH)
}
