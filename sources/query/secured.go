package query

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"io"
	"net"
	"time"

	"github.com/kscope/kscope"
)

// secured dials PostgreSQL servers, with TLS as an sslmode has it. The driver could do that
// too, but takes certificates from files of whoever runs kscope, where KEDA has none.
type secured struct {
	line  *line
	mode  string // sslmode
	words string // how the last connection is secured
}

// Dial is for drivers that know no context, and DialTimeout too.
func (s *secured) Dial(network, address string) (net.Conn, error) {
	return s.DialContext(context.Background(), network, address)
}

// DialTimeout dials within a time.
func (s *secured) DialTimeout(network, address string, most time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	return s.DialContext(ctx, network, address)
}

// askTLS asks a server whether it speaks TLS.
const askTLS = 80877103

var errNotPostgreSQL = &kscope.Trouble{Message: "what answers is not PostgreSQL", Hint: "check the port"}

// DialContext dials and asks for TLS, which the server says S or N to.
func (s *secured) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := s.line.open(ctx, network, address)
	s.words = ""
	if err != nil {
		return nil, err
	}
	if s.mode == "disable" {
		return &framed{Conn: conn}, nil
	}
	secure, err := s.ask(ctx, conn, address)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return secure, nil
}

func (s *secured) ask(ctx context.Context, conn net.Conn, address string) (net.Conn, error) {
	if _, err := conn.Write(binary.BigEndian.AppendUint32([]byte{0, 0, 0, 8}, askTLS)); err != nil {
		return nil, err
	}
	answer := make([]byte, 1)
	if _, err := io.ReadFull(conn, answer); err != nil {
		return nil, err
	}
	switch {
	case answer[0] == 'N' && (s.mode == "prefer" || s.mode == "allow"):
		return &framed{Conn: conn}, nil
	case answer[0] == 'N':
		return nil, &kscope.Trouble{Message: "the server does not speak TLS, which sslmode " + s.mode + " asks for", Hint: "set up TLS there, or use sslmode disable"}
	case answer[0] != 'S':
		return nil, errNotPostgreSQL
	}
	host, _, _ := net.SplitHostPort(address)
	secure := tls.Client(conn, configFor(s.mode, host))
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	s.words = "certificate not verified"
	if s.mode == "verify-ca" || s.mode == "verify-full" {
		s.words = "certificate verified"
	}
	return &framed{Conn: secure}, nil
}

// configFor is what an sslmode verifies: nothing, the authority, or the name too.
func configFor(mode, host string) *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host, InsecureSkipVerify: mode != "verify-full"} // as the trigger asks
	if mode == "verify-ca" {
		c.VerifyConnection = func(state tls.ConnectionState) error {
			between := x509.NewCertPool()
			for _, cert := range state.PeerCertificates[1:] {
				between.AddCert(cert)
			}
			_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Intermediates: between})
			if err != nil {
				return &tls.CertificateVerificationError{UnverifiedCertificates: state.PeerCertificates, Err: err}
			}
			return nil
		}
	}
	return c
}
