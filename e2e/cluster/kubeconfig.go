package cluster

import (
	"context"
	"crypto/x509/pkix"
	"fmt"
	"os"
	"path/filepath"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// kubeconfig writes a kubeconfig and returns its path.
func (c *Cluster) kubeconfig(name, namespace string, user *clientcmdapi.AuthInfo) (string, error) {
	ca, err := os.ReadFile(filepath.Join(c.pkiDir(), "ca.crt"))
	if err != nil {
		return "", err
	}
	k := clientcmdapi.NewConfig()
	k.Clusters["kscope-e2e"] = &clientcmdapi.Cluster{Server: c.Host, CertificateAuthorityData: ca}
	k.AuthInfos[name] = user
	k.Contexts["kscope-e2e"] = &clientcmdapi.Context{Cluster: "kscope-e2e", AuthInfo: name, Namespace: namespace}
	k.CurrentContext = "kscope-e2e"
	path := filepath.Join(c.Dir, name+".kubeconfig")
	return path, clientcmd.WriteToFile(*k, path)
}

// certKubeconfig writes a kubeconfig for a user that a client certificate
// names, as kubeadm does for the administrator and the control plane.
func (c *Cluster) certKubeconfig(name, namespace string, who pkix.Name) (string, error) {
	ca, err := loadAuthority(c.pkiDir(), "ca")
	if err != nil {
		return "", err
	}
	cert, key, err := ca.issue(who)
	if err != nil {
		return "", err
	}
	return c.kubeconfig(name, namespace, &clientcmdapi.AuthInfo{ClientCertificateData: cert, ClientKeyData: key})
}

// tokenKubeconfig writes a kubeconfig with a token of a service account, so
// that whoever uses it has exactly the rights of that account.
func (c *Cluster) tokenKubeconfig(ctx context.Context, name, namespace, account string) (string, error) {
	seconds := int64((365 * 24 * time.Hour).Seconds())
	t, err := c.Client.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, account, &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds},
	}, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("create token for %s/%s: %w", namespace, account, err)
	}
	return c.kubeconfig(name, namespace, &clientcmdapi.AuthInfo{Token: t.Status.Token})
}

// CreateUser returns the path of a kubeconfig for a user who may do what the
// rules say and nothing else: in one namespace, or everywhere if namespace is
// empty. The name must not be in use.
func (c *Cluster) CreateUser(ctx context.Context, name, namespace string, rules ...rbacv1.PolicyRule) (string, error) {
	meta := metav1.ObjectMeta{Name: "e2e-user-" + name, Namespace: namespace}
	subject := []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: name}}
	rbac := c.Client.RbacV1()
	var err error
	if namespace == "" {
		if _, err = rbac.ClusterRoles().Create(ctx, &rbacv1.ClusterRole{ObjectMeta: meta, Rules: rules}, metav1.CreateOptions{}); err == nil {
			_, err = rbac.ClusterRoleBindings().Create(ctx, &rbacv1.ClusterRoleBinding{
				ObjectMeta: meta, Subjects: subject,
				RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: meta.Name},
			}, metav1.CreateOptions{})
		}
	} else {
		if _, err = rbac.Roles(namespace).Create(ctx, &rbacv1.Role{ObjectMeta: meta, Rules: rules}, metav1.CreateOptions{}); err == nil {
			_, err = rbac.RoleBindings(namespace).Create(ctx, &rbacv1.RoleBinding{
				ObjectMeta: meta, Subjects: subject,
				RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: meta.Name},
			}, metav1.CreateOptions{})
		}
	}
	if err != nil {
		return "", fmt.Errorf("create user %s: %w", name, err)
	}
	return c.certKubeconfig("user-"+name, namespace, pkix.Name{CommonName: name})
}
