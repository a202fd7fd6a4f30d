package protocol

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"

	"github.com/youmark/pkcs8"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

// Material is what TLS is spoken with, as triggers give it: in PEM, but for the password
// of the key. What is empty is not given. From says where each came from, by the name of
// KEDA's parameter.
type Material struct {
	CA, Cert, Key, KeyPassword string
	Unsafe                     bool // certificates are not verified
	From                       map[string]string
}

// MaterialOf is what the usual parameters of a trigger give.
func MaterialOf(p triggers.Parameters) Material {
	return Material{CA: p.Text("ca"), Cert: p.Text("cert"), Key: p.Text("key"), KeyPassword: p.Text("keyPassword"), Unsafe: p.On("unsafeSsl"), From: p.From}
}

var (
	errCA          = errors.New("ca is not a certificate in PEM")
	errCertificate = errors.New("cert and key are not a certificate and its key in PEM")
	errLockedKey   = errors.New("key is encrypted, and there is no keyPassword")
	errKeyPassword = errors.New("key cannot be decrypted with keyPassword, which takes a key in encrypted PKCS #8")
)

// Config is how TLS is spoken with it: with the system's authorities where no other is
// given. The errors say what about the certificates is wrong, and nothing of what is in
// them.
func (m Material) Config() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: m.Unsafe} // as the trigger asks
	if m.CA != "" {
		roots, err := x509.SystemCertPool()
		if err != nil {
			roots = x509.NewCertPool()
		}
		if !roots.AppendCertsFromPEM([]byte(m.CA)) {
			return nil, badMaterial(errCA, m.From["ca"])
		}
		c.RootCAs = roots
	}
	if m.Cert == "" || m.Key == "" {
		return c, nil
	}
	key, err := m.plainKey()
	if err != nil {
		return nil, badMaterial(err, cmp.Or(m.From["keyPassword"], m.From["key"]))
	}
	pair, err := tls.X509KeyPair([]byte(m.Cert), key)
	if err != nil {
		return nil, badMaterial(errCertificate, cmp.Or(m.From["cert"], m.From["key"]))
	}
	c.Certificates = []tls.Certificate{pair}
	return c, nil
}

// plainKey is the key in PEM, decrypted where there is a password. As KEDA, it
// decrypts PKCS #8 and nothing else.
func (m Material) plainKey() ([]byte, error) {
	if m.KeyPassword == "" {
		if strings.Contains(m.Key, "ENCRYPTED") { // in the type of the block, or the headers of older ones
			return nil, errLockedKey
		}
		return []byte(m.Key), nil
	}
	block, _ := pem.Decode([]byte(m.Key))
	if block == nil {
		return nil, errCertificate
	}
	key, err := pkcs8.ParsePKCS8PrivateKey(block.Bytes, []byte(m.KeyPassword))
	if err != nil {
		return nil, errKeyPassword
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, errKeyPassword
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// badMaterial is a certificate or key that is not one.
func badMaterial(err error, from string) *kscope.Trouble {
	t := &kscope.Trouble{Message: "the TLS parameter " + err.Error(), Cause: err}
	if from != "" {
		t.Hint = "check " + from
	}
	return t
}

// TLSWords says how connections are secured; "" for those that are not, which nil stands
// for.
func TLSWords(config *tls.Config) string {
	if config == nil {
		return ""
	}
	words := "certificate verified"
	if config.RootCAs != nil {
		words += " by the trigger's ca"
	}
	if config.InsecureSkipVerify {
		words = "certificate not verified"
	}
	if len(config.Certificates) > 0 {
		words += ", with a client certificate"
	}
	return words
}

// credentials says where the user and the password of a trigger came from, "" where it
// has none.
func credentials(p triggers.Parameters) string {
	user, password := "", ""
	for name, from := range p.From {
		switch lower := strings.ToLower(name); {
		case lower == "username" || lower == "awsaccesskeyid":
			user = from
		case strings.Contains(lower, "password") && lower != "keypassword", strings.Contains(lower, "secret"), strings.Contains(lower, "token"),
			strings.HasPrefix(lower, "connection"), strings.HasSuffix(lower, "credentials"), lower == "host" && from != "" && p.Type == "rabbitmq" && strings.Contains(p.Values[name], "@"):
			password = from
		}
	}
	switch {
	case user == "" || user == password:
		return password
	case password == "":
		return "user: " + user
	}
	return "user: " + user + "; password: " + password
}
