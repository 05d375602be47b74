package aws

import (
	"crypto/x509"
	"time"
)

// ParseCertificates checks a file of certificates as that of SNS is checked.
func ParseCertificates(file []byte, roots *x509.CertPool) error {
	_, err := (&topics{roots: roots}).parse(file, time.Now())
	return err
}

// CheckURL checks an address in a notification of a topic, without an endpoint.
func CheckURL(address, topic string) error { return newTopics(nil, false, "").checkURL(address, topic) }
