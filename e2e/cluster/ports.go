package cluster

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

// Ports are taken below the range the kernel uses for outgoing connections. A
// port out of that range could be given to any client in the moments when a
// test has stopped the server that owns it, and a client that keeps dialling
// such a port on loopback can even end up connected to itself.
const (
	firstPort = 20000
	lastPort  = 30000
	blockSize = 16
)

// freePorts returns n consecutive free loopback ports.
func freePorts(n int) ([]int, error) {
	if n > blockSize {
		return nil, fmt.Errorf("%d ports asked for, a block has %d", n, blockSize)
	}
	for range 200 {
		base := firstPort + blockSize*rand.IntN((lastPort-firstPort)/blockSize)
		if blockFree(base) {
			ports := make([]int, n)
			for i := range ports {
				ports[i] = base + i
			}
			return ports, nil
		}
	}
	return nil, errors.New("no free block of loopback ports")
}

func blockFree(base int) bool {
	for p := base; p < base+blockSize; p++ {
		l, err := net.Listen("tcp", loopback(p))
		if err != nil {
			return false
		}
		l.Close()
	}
	return true
}

func loopback(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }
