package brokers

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"sync"
)

// kscope is the half with kscope.
type kscope struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	ended chan struct{} // there is no more to read

	mu    sync.Mutex
	told  map[string][]Reading // of each object, in order
	calm  map[string]bool      // those of which it should know all at every moment
	slips []string             // what it did not know of these
	all   bytes.Buffer         // every byte that it wrote
}

func start(ctx context.Context, program string, env []string) (*kscope, error) {
	k := &kscope{
		cmd: exec.CommandContext(ctx, program, "-test.run", "^TestKscope$"), ended: make(chan struct{}),
		told: map[string][]Reading{}, calm: map[string]bool{},
	}
	k.cmd.Env, k.cmd.Stderr = append(os.Environ(), env...), beside{k}
	var err error
	if k.in, err = k.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := k.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := k.cmd.Start(); err != nil {
		return nil, err
	}
	go k.read(out)
	return k, k.tell(Ask{c.Kubeconfig, namespace})
}

// beside takes what is written beside the readings.
type beside struct{ *kscope }

func (b beside) Write(text []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.Write(text)
}

func (k *kscope) read(out io.Reader) {
	defer close(k.ended)
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r Reading
		k.mu.Lock()
		k.all.Write(lines.Bytes())
		k.all.WriteByte('\n')
		if json.Unmarshal(lines.Bytes(), &r) == nil && r.Object != "" {
			k.told[r.Object] = append(k.told[r.Object], r)
			if k.calm[r.Object] && (r.Err != "" || !r.Known || r.From != "broker") {
				k.slips = append(k.slips, fmt.Sprintf("%+v", r))
			}
		}
		k.mu.Unlock()
	}
}

func (k *kscope) tell(v any) error { return json.NewEncoder(k.in).Encode(v) }

// of is what was last read of an object.
func (k *kscope) of(object string) (last Reading) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if all := k.told[object]; len(all) > 0 {
		last = all[len(all)-1]
	}
	return last
}

// since is what was read of an object after so many readings; those that came before it
// was asked are none.
func (k *kscope) since(object string, n int) []Reading {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.told[object][n:])
}

// count is how often something was read of an object.
func (k *kscope) count(object string) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.told[object])
}

// said is every byte that it wrote, and what it did not know though it should.
func (k *kscope) said() (all string, slips []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.all.String(), slices.Clone(k.slips)
}

// expect says whether everything is known of an object from now on.
func (k *kscope) expect(object string, calm bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.calm[object] = calm
}

func (k *kscope) stop() {
	_ = k.in.Close()
	<-k.ended
	_ = k.cmd.Wait() // it was told
}
