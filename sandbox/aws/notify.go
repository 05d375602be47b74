package aws

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"strings"
	"time"

	"github.com/notifykit/notify/sandbox/kernel"
)

// A signer signs notifications as SNS does.
type signer struct {
	key *rsa.PrivateKey
	pem []byte // its certificate
}

// newSigner makes a key. It takes a moment, so it is not made before it is needed.
func newSigner() (*signer, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "sns.amazonaws.com"}, DNSNames: []string{"sns.amazonaws.com"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	return &signer{key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}, nil
}

// certificate answers with the file that SigningCertURL names.
func (v *vendor) certificate() kernel.Answer {
	s, err := v.signer()
	if err != nil {
		return kernel.Answer{Status: http.StatusInternalServerError, ContentType: "text/plain", Body: []byte(err.Error())}
	}
	return kernel.Answer{Status: http.StatusOK, ContentType: "application/x-pem-file", Body: s.pem}
}

// events are the words of the states.
var events = map[kernel.State]string{
	kernel.Scheduled: "TEXT_QUEUED", kernel.Taken: "TEXT_QUEUED", kernel.Sent: "TEXT_SUCCESSFUL", kernel.Delivered: "TEXT_DELIVERED", kernel.Failed: "TEXT_CARRIER_UNREACHABLE",
}

// eventOf returns the type of the event of a state.
func eventOf(r *kernel.Record, s kernel.State) string {
	if s == kernel.Failed && strings.HasPrefix(r.Fails, "TEXT_") {
		return r.Fails
	}
	return events[s]
}

// report builds the notification of an event. A message without a configuration set
// has no events.
func (v *vendor) report(to string, messages []kernel.Record, s kernel.State) ([]*http.Request, error) {
	r := &messages[0]
	f := r.Facts.(*facts)
	if f.set == "" {
		return nil, nil
	}
	encoding := "GSM"
	if f.unicode {
		encoding = "UNICODE"
	}
	kind := f.kind
	if kind == "" {
		kind = "TRANSACTIONAL"
	}
	event := map[string]any{
		"eventType": eventOf(r, s), "eventVersion": "1.0", "eventTimestamp": time.Now().UnixMilli(), "isFinal": s.Final(),
		"originationPhoneNumber": r.From, "destinationPhoneNumber": string(r.To), "isoCountryCode": r.To.Region(), "mcc": "310", "mnc": "800", "carrierName": "Sandbox",
		"messageId": r.ID, "messageRequestTimestamp": r.At.UnixMilli(), "messageEncoding": encoding, "messageType": kind,
		"messageStatus": strings.TrimPrefix(eventOf(r, s), "TEXT_"), "messageStatusDescription": "The sandbox says so", "context": f.context,
		"totalMessageParts": f.segments, "totalMessagePrice": partCost * float64(f.segments), "totalCarrierFee": 0.0,
	}
	return v.notification(to, f.base, event)
}

// reply builds the notification of a person's message.
func (v *vendor) reply(r kernel.Reply) ([]*http.Request, error) {
	if r.To == "" {
		r.To = Phone
	}
	if r.Account != "" && v.keys[r.Account] == "" {
		return nil, errors.New("account: there is no such access key")
	}
	base := v.base.Load()
	if base == nil {
		return nil, errors.New("aws: a client must have called first: notifications name the address where it finds the certificate")
	}
	return v.notification(r.URL, *base, map[string]any{
		"originationNumber": string(r.From), "destinationNumber": r.To, "messageKeyword": "SANDBOX", "messageBody": r.Text,
		"inboundMessageId": kernel.NewUUID(), "previousPublishedMessageId": "",
	})
}

// notification wraps a message as SNS posts it.
func (v *vendor) notification(to, base string, message map[string]any) ([]*http.Request, error) {
	text, err := json.Marshal(message)
	if err != nil {
		return nil, err
	}
	s, err := v.signer()
	if err != nil {
		return nil, err
	}
	e := map[string]string{
		"Type": "Notification", "MessageId": kernel.NewUUID(), "TopicArn": Topic, "Message": string(text), "Timestamp": time.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
		"SignatureVersion": "2", "SigningCertURL": base + CertificatePath, "UnsubscribeURL": base + "/?Action=Unsubscribe",
	}
	sum := sha256.Sum256([]byte(signedText(e)))
	signature, err := rsa.SignPKCS1v15(rand.Reader, s.key, crypto.SHA256, sum[:])
	if err != nil {
		return nil, err
	}
	e["Signature"] = base64.StdEncoding.EncodeToString(signature)
	body, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequest(http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("the address of a webhook is none")
	}
	for name, value := range map[string]string{"Content-Type": "text/plain; charset=UTF-8", "X-Amz-Sns-Message-Type": e["Type"], "X-Amz-Sns-Message-Id": e["MessageId"], "X-Amz-Sns-Topic-Arn": Topic} {
		r.Header.Set(name, value)
	}
	return []*http.Request{r}, nil
}

// signedText is what SNS signs of a notification.
func signedText(e map[string]string) string {
	var b strings.Builder
	for _, name := range []string{"Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"} {
		if e[name] != "" {
			b.WriteString(name + "\n" + e[name] + "\n")
		}
	}
	return b.String()
}
