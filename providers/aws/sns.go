package aws

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/notifykit/notify/providers/kit"
)

const (
	// longestAge is how old a notification may be. SNS repeats one for an hour.
	longestAge = 70 * time.Minute
	// fetchTime bounds the fetching of a certificate and the confirming of a topic.
	fetchTime = 3 * time.Second
	// maxCertificates is how many are kept. AWS has one for each region at a time.
	maxCertificates = 8
)

// topics says whose notifications are taken, and keeps the certificates of SNS.
type topics struct {
	arns []string
	// base is the endpoint, if one is configured: a sandbox serves its certificate
	// there. Empty: AWS's hosts only.
	base string
	// roots are trusted. Nil: the system's.
	roots *x509.CertPool

	mu   sync.Mutex
	kept map[string]*x509.Certificate // by URL; guarded by mu
}

func newTopics(arns []string, elsewhere bool, base string) *topics {
	t := &topics{arns: slices.Clone(arns), kept: map[string]*x509.Certificate{}}
	if elsewhere {
		t.base = base
	}
	return t
}

// signed returns what the signature is over: names and values, each on a line.
func (e envelope) signed() []byte {
	fields := [][2]string{{"Message", e.Message}, {"MessageId", e.MessageID}}
	if e.Type == typeNotification {
		if e.Subject != "" {
			fields = append(fields, [2]string{"Subject", e.Subject})
		}
		fields = append(fields, [2]string{"Timestamp", e.Timestamp})
	} else {
		fields = append(fields, [2]string{"SubscribeURL", e.SubscribeURL}, [2]string{"Timestamp", e.Timestamp}, [2]string{"Token", e.Token})
	}
	fields = append(fields, [2]string{"TopicArn", e.TopicArn}, [2]string{"Type", e.Type})
	var b strings.Builder
	for _, f := range fields {
		b.WriteString(f[0] + "\n" + f[1] + "\n")
	}
	return []byte(b.String())
}

// verify checks that a notification is of a configured topic, not old, and signed by
// SNS. Its error matches kit.ErrNotAuthentic, unless the certificate could not be
// fetched: SNS repeats the notification then.
func (v *vendor) verify(ctx context.Context, e envelope) error {
	no := func(format string, args ...any) error {
		return fmt.Errorf("%w: %w", kit.ErrNotAuthentic, fmt.Errorf(format, args...))
	}
	if !slices.Contains(v.topics.arns, e.TopicArn) {
		return no("its topic is not one of topics")
	}
	if e.Type != typeNotification && e.Type != typeSubscribe && e.Type != typeUnsubscribe {
		return no("its type is unknown")
	}
	at, err := time.Parse(time.RFC3339, e.Timestamp)
	if err != nil {
		return no("it has no time")
	}
	if err := kit.CheckAge(at, time.Now(), longestAge); err != nil {
		return err
	}
	signature, err := base64.StdEncoding.DecodeString(e.Signature)
	if err != nil || len(signature) == 0 {
		return kit.ErrNotAuthentic
	}
	if err := v.topics.checkURL(e.SigningCertURL, e.TopicArn); err != nil {
		return no("SigningCertURL: %w", err)
	}
	certificate, err := v.certificate(ctx, e.SigningCertURL)
	if err != nil {
		return err
	}
	public, ok := certificate.PublicKey.(*rsa.PublicKey)
	if !ok {
		return no("the certificate is not of an RSA key")
	}
	signed := e.signed()
	switch e.SignatureVersion {
	case "1":
		sum := sha1.Sum(signed)
		err = rsa.VerifyPKCS1v15(public, crypto.SHA1, sum[:], signature)
	case "2":
		sum := sha256.Sum256(signed)
		err = rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], signature)
	default:
		return no("its version of a signature is unknown")
	}
	if err != nil {
		return kit.ErrNotAuthentic
	}
	return nil
}

var aHost = regexp.MustCompile(`^sns\.([a-z0-9-]{3,})\.amazonaws\.com(\.cn)?$`)

// checkURL reports what is wrong with an address in a notification: it must be one of
// SNS in the topic's region, or of the configured endpoint.
func (t *topics) checkURL(address, topic string) error {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || u.Fragment != "" || path.Clean("/"+u.Path) != u.Path && u.Path != "/" {
		return errors.New("it is no plain URL")
	}
	if t.base != "" && strings.HasPrefix(address, t.base+"/") {
		return nil
	}
	region := aTopic.FindStringSubmatch(topic)
	host := aHost.FindStringSubmatch(u.Host)
	switch {
	case u.Scheme != "https":
		return errors.New("it is not https")
	case host == nil:
		return errors.New("its host is none of SNS")
	case region == nil || host[1] != region[1]:
		return errors.New("its host is of another region than the topic")
	}
	return nil
}

// certificate returns the certificate at an address, which checkURL has accepted.
func (v *vendor) certificate(ctx context.Context, address string) (*x509.Certificate, error) {
	t := v.topics
	t.mu.Lock()
	kept := t.kept[address]
	t.mu.Unlock()
	if kept != nil && validAt(kept, time.Now()) == nil {
		return kept, nil
	}
	if !strings.HasSuffix(address, ".pem") {
		return nil, fmt.Errorf("%w: SigningCertURL does not end in .pem", kit.ErrNotAuthentic)
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	r, err := v.Request(http.MethodGet, address, "", "")
	if err != nil {
		return nil, err
	}
	a, err := v.Do(ctx, r)
	switch {
	case err != nil:
		return nil, fmt.Errorf("the certificate of SNS could not be fetched: %w", err)
	case !a.OK():
		return nil, fmt.Errorf("the certificate of SNS could not be fetched: HTTP status %d", a.Status)
	}
	certificate, err := t.parse(a.Body, time.Now())
	if err != nil {
		return nil, fmt.Errorf("%w: the certificate: %w", kit.ErrNotAuthentic, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.kept) >= maxCertificates {
		clear(t.kept)
	}
	t.kept[address] = certificate
	return certificate, nil
}

// parse reads a file of certificates, of which the first signs. The host over whose
// TLS the file came vouches for it. If the file holds further certificates, they
// must lead to a trusted one.
func (t *topics) parse(file []byte, now time.Time) (*x509.Certificate, error) {
	var all []*x509.Certificate
	for block, rest := pem.Decode(file); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return nil, errors.New("the file holds none")
	}
	if len(all) > 1 {
		options := x509.VerifyOptions{Roots: t.roots, Intermediates: x509.NewCertPool(), CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}
		for _, c := range all[1:] {
			options.Intermediates.AddCert(c)
		}
		if _, err := all[0].Verify(options); err != nil {
			return nil, err
		}
	}
	return all[0], validAt(all[0], now)
}

func validAt(c *x509.Certificate, now time.Time) error {
	if now.Before(c.NotBefore) || now.After(c.NotAfter) {
		return errors.New("it is not valid at this time")
	}
	return nil
}
