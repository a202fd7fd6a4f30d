package query

import (
	"context"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/triggers"
)

// TestLengthsThatAreNone has a server say lengths that the driver would break at, or make
// room of gigabytes for.
func TestLengthsThatAreNone(t *testing.T) {
	for name, says := range map[string]string{
		"shorter than itself": "R\x00\x00\x00\x00",
		"two gigabytes":       "R\x7f\xff\xff\xff",
		"in the second":       "R\x00\x00\x00\x08\x00\x00\x00\x00S\xff\xff\xff\xff",
		"a byte at a time":    "N\x00\x00\x00\x02",
	} {
		t.Run(name, func(t *testing.T) {
			dial := func(context.Context, string, string) (net.Conn, error) {
				here, there := net.Pipe()
				go func() { _, _ = io.Copy(io.Discard, there) }()
				go func() {
					for _, b := range []byte(says) {
						if _, err := there.Write([]byte{b}); err != nil {
							return
						}
					}
				}()
				return here, nil
			}
			p := triggers.Parameters{Type: "postgresql", Values: map[string]string{"host": "h", "port": "1", "userName": "u", "dbName": "d", "sslmode": "disable"}}
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := PostgreSQL().Connect(ctx, p, protocol.Dial(dial))
			runtime.ReadMemStats(&after)
			if err == nil || !strings.Contains(err.Error(), "not PostgreSQL") {
				t.Errorf("it says %v", err)
			}
			if took := after.TotalAlloc - before.TotalAlloc; took > 64<<20 {
				t.Errorf("it took %d MB", took>>20)
			}
		})
	}
}

// TestServersThatCannotStart has one say so as it does then: in a text.
func TestServersThatCannotStart(t *testing.T) {
	here, there := net.Pipe()
	go func() {
		_, _ = there.Write([]byte("Ecould not fork new process\n\x00"))
		_ = there.Close()
	}()
	b, err := io.ReadAll(&framed{Conn: here})
	if err != nil || !strings.HasPrefix(string(b), "Ecould not fork") {
		t.Errorf("got %q, %v", b, err)
	}
}

func TestDriversMayBreak(t *testing.T) {
	if err := driven(func() error { var b []byte; return errOf(b[3]) }); err == nil || !strings.Contains(err.Error(), "no sense") {
		t.Error(err)
	}
}

func errOf(byte) error { return nil }
