package admission

import (
	"encoding/json"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// authenticationSpec is as much of a TriggerAuthentication's as the webhook looks at.
type authenticationSpec struct {
	PodIdentity           *identity
	AzureServicePrincipal *principal
	OAuth2                *struct{ Type, ClientID, TokenURL string }
}

type identity struct {
	Provider                                   string
	IdentityID, IdentityTenantID               *string
	IdentityAuthorityHost, RoleArn, ExternalID string
	IdentityOwner                              string
}

type principal struct {
	TenantID, ClientID, Cloud, ActiveDirectoryEndpoint         string
	ClientSecret, ClientCertificate, ClientCertificatePassword any
}

// authentication is what is refused of a TriggerAuthentication, of either kind.
func authentication(u *unstructured.Unstructured) *Refusal {
	var spec authenticationSpec
	raw, err := json.Marshal(u.Object["spec"])
	if err == nil {
		err = json.Unmarshal(raw, &spec)
	}
	if err != nil {
		return &Refusal{Says: err.Error()}
	}
	says := ""
	if p := spec.AzureServicePrincipal; p != nil {
		says = p.wrong()
	}
	if id := spec.PodIdentity; says == "" && id != nil {
		if says = id.wrong(); says == "" && id.Provider != "azure-workload" && id.Provider != "aws" {
			return nil // KEDA looks at nothing after it
		}
	}
	if o := spec.OAuth2; says == "" && o != nil {
		says = oauth2(o.Type, o.ClientID, o.TokenURL)
	}
	if says == "" {
		return nil
	}
	return &Refusal{Says: says}
}

func (p *principal) wrong() string {
	private := strings.EqualFold(p.Cloud, "Private")
	const of = "azureServicePrincipal."
	switch {
	case p.TenantID == "":
		return of + "tenantId is required when azureServicePrincipal is configured"
	case p.ClientID == "":
		return of + "clientId is required when azureServicePrincipal is configured"
	case p.ClientSecret != nil && p.ClientCertificate != nil:
		return of + "clientSecret and azureServicePrincipal.clientCertificate are mutually exclusive"
	case p.ClientSecret == nil && p.ClientCertificate == nil:
		return "azureServicePrincipal requires either clientSecret or clientCertificate"
	case p.ClientCertificatePassword != nil && p.ClientCertificate == nil:
		return of + "clientCertificatePassword requires clientCertificate"
	case private && p.ActiveDirectoryEndpoint == "":
		return of + "activeDirectoryEndpoint is required when cloud is Private"
	case !private && p.ActiveDirectoryEndpoint != "":
		return of + "activeDirectoryEndpoint can only be set when cloud is Private"
	}
	return ""
}

func (id *identity) wrong() string {
	empty := func(s *string) bool { return s != nil && *s == "" }
	switch {
	case id.Provider == "azure-workload" && empty(id.IdentityID):
		return `identityId of PodIdentity should not be empty. If it's set, identityId has to be different than ""`
	case id.Provider == "azure-workload" && id.IdentityAuthorityHost != "" && (id.IdentityTenantID == nil || *id.IdentityTenantID == ""):
		return "identityTenantID of PodIdentity should not be nil or empty when identityAuthorityHost of PodIdentity is set"
	case id.Provider == "azure-workload" && id.IdentityAuthorityHost == "" && empty(id.IdentityTenantID):
		return `identityTenantId of PodIdentity should not be empty. If it's set, identityTenantId has to be different than ""`
	case id.Provider == "aws" && id.RoleArn != "" && id.IdentityOwner == "workload":
		return "roleArn of PodIdentity can't be set if KEDA isn't identityOwner"
	case id.Provider == "aws" && id.ExternalID != "" && id.RoleArn == "":
		return "externalID of PodIdentity requires roleArn to be set"
	}
	return ""
}

func oauth2(typ, client, token string) string {
	scheme, rest, _ := strings.Cut(token, "://")
	host, _, _ := strings.Cut(rest, "/")
	switch {
	case typ != "clientCredentials":
		return fmt.Sprintf("oauth2.type must be 'clientCredentials', got '%s'", typ)
	case client == "":
		return "oauth2.clientId is required when oauth2 is configured"
	case token == "":
		return "oauth2.tokenUrl is required when oauth2 is configured"
	case host == "" || scheme != "http" && scheme != "https":
		return "oauth2.tokenUrl must be a valid http or https URL"
	}
	return ""
}
