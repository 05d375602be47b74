package aliyun

import (
	"net/url"
	"strings"

	"github.com/notifykit/notify/sms"
)

// Destination tells the endpoint. It is a trial where that is this machine, or
// where the access key is the sandbox's, with which nothing real is reached.
func (p *Provider) Destination() sms.Destination {
	u, err := url.Parse(p.endpoint) // New has parsed it
	return sms.Destination{
		Endpoint: strings.TrimSuffix(p.endpoint, "/"),
		Trial:    p.keys.public() || err == nil && isLoopback(u.Hostname()),
	}
}

// public tells whether the key is no secret: the sandbox's.
func (k *keyring) public() bool {
	if k.ask != nil {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.kept.AccessKeyID == sandboxKeyID && k.kept.AccessKeySecret == sandboxKeySecret
}
