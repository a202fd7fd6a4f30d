package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/charmbracelet/x/term"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// mostConfig is how large a kubeconfig, a certificate, a key or a token may be.
const mostConfig = 16 << 20 // bytes

// rawConfig reads a kubeconfig, unless it is one that has no end.
func rawConfig(loader clientcmd.ClientConfig) (api.Config, error) {
	if err := haveEnds(loader.ConfigAccess().GetLoadingPrecedence()...); err != nil {
		return api.Config{}, err
	}
	return loader.RawConfig()
}

// credentialFiles are the files that client-go reads beside the kubeconfig, "" for
// those that there are not.
func (f *flags) credentialFiles(raw *api.Config, context string) []string {
	var of api.Context
	if c := raw.Contexts[context]; c != nil {
		of = *c
	}
	if f.cluster.Context.Cluster != "" {
		of.Cluster = f.cluster.Context.Cluster
	}
	if f.cluster.Context.AuthInfo != "" {
		of.AuthInfo = f.cluster.Context.AuthInfo
	}
	user := f.cluster.AuthInfo
	files := []string{f.cluster.ClusterInfo.CertificateAuthority, user.ClientCertificate, user.ClientKey, user.TokenFile}
	if c := raw.Clusters[of.Cluster]; c != nil {
		files = append(files, c.CertificateAuthority)
	}
	if u := raw.AuthInfos[of.AuthInfo]; u != nil {
		files = append(files, u.ClientCertificate, u.ClientKey, u.TokenFile)
	}
	return files
}

// haveEnds refuses files that are larger than can be meant, or are devices that
// never end: client-go reads a file whole, and the runtime stands still while it
// makes room for gigabytes, signals and all. What cannot be opened is for client-go
// to say; a pipe cannot be looked at, and a terminal ends when its user says so.
func haveEnds(paths ...string) error {
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			continue
		}
		size := info.Size()
		if info.Mode()&os.ModeDevice != 0 {
			size = sizeOfDevice(path)
		}
		if size > mostConfig {
			return fmt.Errorf("%s holds more than %d MiB, which cannot be meant", path, mostConfig>>20)
		}
	}
	return nil
}

// sizeOfDevice is how much a device has to say, as far as that is counted.
func sizeOfDevice(path string) int64 {
	file, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer func() { _ = file.Close() }() // it was only read
	if term.IsTerminal(file.Fd()) {
		return 0
	}
	n, _ := io.Copy(io.Discard, io.LimitReader(file, mostConfig+1))
	return n
}

// kubeconfigs are the files that are read, in their order, for a message.
func (f *flags) kubeconfigs() string {
	if f.kubeconfig != "" {
		return f.kubeconfig
	}
	return strings.Join(clientcmd.NewDefaultClientConfigLoadingRules().GetLoadingPrecedence(), ", ")
}

// clusterOf is the name of the cluster that is meant, "" where flags say enough, or a
// context names none.
func (f *flags) clusterOf(raw *api.Config, context string) string {
	switch c := raw.Contexts[context]; {
	case f.cluster.ClusterInfo.Server != "":
		return ""
	case f.cluster.Context.Cluster != "":
		return f.cluster.Context.Cluster
	case c != nil:
		return c.Cluster
	}
	return ""
}
