package smpp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/notifykit/notify/internal/pdu"
	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// Defaults of the options.
const (
	DefaultTimeout = 30 * time.Second
	DefaultEnquire = 30 * time.Second
	DefaultWindow  = 10

	maxBinds  = 32
	maxWindow = 1000
	// maxText is the longest setting of the account, though SMPP allows less: there are
	// carriers that allow more.
	maxText = 64
)

// Options configure a Provider. They print without their secrets.
type Options struct {
	// Name is the configured name, under which templates bind to this provider.
	// Defaults to "smpp".
	Name string `yaml:"-"`
	// Endpoint is the carrier's address: "smpps://host:port" for TLS, else
	// "smpp://host:port" or "host:port". Required.
	Endpoint string `yaml:"endpoint" default:"needed" doc:"'smpps://host:port', or 'smpp://host:port' without TLS"`
	// Backup is a second address, which is tried if a bind at Endpoint fails.
	Backup string `yaml:"backup" default:"none" doc:"a second address, tried if a bind at the first one fails"`
	// AllowPlainTCP permits an address without TLS on another machine.
	AllowPlainTCP bool `yaml:"allow_plain_tcp" default:"false" doc:"lets an address without TLS be another host than this machine, as inside a VPN"`
	// SystemID and Password are the account's. Required.
	SystemID string `yaml:"system_id" default:"needed" doc:"the account's"`
	Password string `yaml:"password" secret:"yes" default:"needed" doc:"its password"`
	// SystemType is empty unless the carrier names one.
	SystemType string `yaml:"system_type" default:"empty" doc:"as the carrier says"`
	// Bind is "transceiver", "pair" (a transmitter and a receiver), or "transmitter",
	// which receives nothing. Defaults to "transceiver", and a pair if the carrier does
	// not know that.
	Bind string `yaml:"bind" default:"transceiver" doc:"'transceiver', 'pair' or 'transmitter', which gets no reports"`
	// Binds is how many sessions are bound. Defaults to 1.
	Binds int `yaml:"binds" default:"1" doc:"how many sessions are bound"`
	// Window is how many messages of a session may be unanswered. Defaults to 10.
	Window int `yaml:"window" default:"10" doc:"how many messages of a session may be unanswered"`
	// Enquire is how long a session may be silent before enquire_link asks whether it
	// is alive. Defaults to 30 seconds.
	Enquire time.Duration `yaml:"enquire_link" default:"30s" doc:"how long a session may be silent before it is asked whether it is alive"`
	// Timeout bounds each wait: for a session, for room in the window, and for an
	// answer. Defaults to 30 seconds.
	Timeout time.Duration `yaml:"timeout" default:"30s" doc:"how long an answer may take"`
	// From is the sender if neither the message nor its binding names one.
	From string `yaml:"from" default:"none" doc:"a number, a short code or a sender ID"`
	// Senders maps a message's From to a sender; see kit.Common.
	Senders map[string]string `yaml:"senders" default:"none" doc:"a map from a message's 'From' to a sender; '@US' is that of a region, 'shop@US' that of a name there"`
	// TONs maps a sender to its type and plan, "5/0". Defaults by the sender's form:
	// letters 5/0, at most 6 digits 3/0, more digits 1/1.
	TONs map[string]string `yaml:"tons" default:"by the sender's form" doc:"a map from a sender to its type and numbering plan, '5/0'"`
	// Alphabet is what the carrier reads under data_coding 0: "gsm", "packed",
	// "ascii" or "latin1". Defaults to "gsm".
	Alphabet string `yaml:"alphabet" default:"gsm" doc:"of data_coding 0 at the carrier: 'gsm', 'packed', 'ascii' or 'latin1'"`
	// Long is how a long text is sent: "udh", "udh16", "sar" or "payload". Defaults to
	// "udh".
	Long string `yaml:"long" default:"udh" doc:"how a long text is sent: 'udh', 'udh16', 'sar' or 'payload'"`
	// Reports is which receipts are asked for: "all", "failures" or "none". Defaults
	// to "all".
	Reports string `yaml:"reports" default:"all" doc:"which receipts are asked for: 'all', 'failures' or 'none'"`
	// ReceiptIDs is how receipts write an ID: "same" as in the answer to the message;
	// or "decimal" if the answer is hexadecimal, or "hex" if the answer is decimal. With
	// these two, Receipt.ID and Report.ID are the number in hexadecimal. Defaults to
	// "same".
	ReceiptIDs string `yaml:"receipt_ids" default:"same" doc:"how receipts write an ID: 'same' as the answer to the message, or in another base, 'hex' or 'decimal'"`
	// ServiceType is the service_type of every message.
	ServiceType string `yaml:"service_type" default:"empty" doc:"as the carrier says"`
	// TLVs are further optional parameters of every message, by tag: {"0x1400":
	// "1101"}. A value is a text, or "hex:" and its bytes. A binding's Extra has the
	// same form, and knows entity_id (0x1400) and content_id (0x1401), as in India.
	TLVs map[string]string `yaml:"tlvs" default:"none" doc:"a map from the tag of an optional parameter to its value, '0x1400' to a text or to 'hex:' and bytes"`
	// Templates may be nil: messages then need a Body.
	Templates *sms.Registry `yaml:"-"`
	// TLS is used for smpps. Defaults to TLS 1.2 or later with the system's roots.
	TLS *tls.Config `yaml:"-"`
	// Dial opens the connections, before TLS. Defaults to a net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error) `yaml:"-"`
}

// String returns the options without their secrets: see kit.Describe.
func (o Options) String() string { return kit.Describe(o) }

// Format prints String under every verb.
func (o Options) Format(f fmt.State, verb rune) { kit.Print(f, verb, o.String()) }

// LogValue returns String as a slog value.
func (o Options) LogValue() slog.Value { return slog.StringValue(o.String()) }

// MarshalText returns the text of String, so that no encoding shows a secret.
func (o Options) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// GobEncode returns the text of String.
func (o Options) GobEncode() ([]byte, error) { return o.MarshalText() }

// The values of the options that are words.
var (
	binds     = map[string]pdu.ID{"": pdu.BindTransceiver, "transceiver": pdu.BindTransceiver, "pair": pdu.BindReceiver, "transmitter": pdu.BindTransmitter}
	alphabets = map[string]pdu.Alphabet{"": pdu.GSM, "gsm": pdu.GSM, "packed": pdu.Packed, "ascii": pdu.ASCII, "latin1": pdu.Latin1}
	forms     = map[string]pdu.Form{"": pdu.UDH, "udh": pdu.UDH, "udh16": pdu.UDH16, "sar": pdu.SAR, "payload": pdu.Payload}
	reports   = map[string]byte{"": pdu.ReportFinal, "all": pdu.ReportFinal, "failures": pdu.ReportFailure, "none": 0}
	bases     = map[string]int{"": 0, "same": 0, "hex": 16, "decimal": 10}
)

func pick[V any](f *kit.Faults, path, value string, from map[string]V) V {
	v, ok := from[value]
	if !ok {
		names := slices.DeleteFunc(slices.Sorted(maps.Keys(from)), func(s string) bool { return s == "" })
		f.Add(path, "%q is none: write %s", value, strings.Join(names, " or "))
	}
	return v
}

// A host is where a session is bound.
type host struct {
	address string // host:port
	tls     bool
}

// hosts reads the addresses.
func (o Options) hosts(public bool, f *kit.Faults) (list []host) {
	for _, a := range []struct{ path, address string }{{"endpoint", o.Endpoint}, {"backup", o.Backup}} {
		if a.address == "" {
			if a.path == "endpoint" {
				f.Add(a.path, `it is empty: write "smpps://host:port"`)
			}
			continue
		}
		address := a.address
		if !strings.Contains(address, "://") {
			address = "smpp://" + address
		}
		u, err := url.Parse(address)
		switch {
		case err != nil || u.Hostname() == "" || u.Port() == "" || u.Scheme != "smpp" && u.Scheme != "smpps":
			f.Add(a.path, `it must be "smpps://" or "smpp://", a host and a port`)
		case u.User != nil || strings.Trim(u.RequestURI(), "/") != "" || u.Fragment != "":
			f.Add(a.path, "it holds more than a host and a port: write %q", u.Scheme+"://"+u.Host)
		case u.Scheme == "smpp" && !o.AllowPlainTCP && !public && !loopback(u.Hostname()):
			f.Add(a.path, "without TLS, host %q would get numbers, codes and the password in the clear: write smpps://, or set allow_plain_tcp", u.Hostname())
		default:
			list = append(list, host{u.Host, u.Scheme == "smpps"})
		}
	}
	return list
}

func loopback(name string) bool {
	ip, err := netip.ParseAddr(name)
	return strings.EqualFold(name, "localhost") || err == nil && ip.Unmap().IsLoopback()
}

// check records what is wrong with the settings that are no words of a list.
func (o Options) check(f *kit.Faults) {
	for _, field := range []struct {
		path, value string
		needed      bool
	}{{"system_id", o.SystemID, true}, {"password", o.Password, true}, {"system_type", o.SystemType, false}, {"service_type", o.ServiceType, false}} {
		switch {
		case field.value == "" && field.needed:
			f.Add(field.path, "it is empty: the carrier gives it with the account")
		case len(field.value) > maxText:
			f.Add(field.path, "it has %d bytes: at most %d", len(field.value), maxText)
		case field.value != "":
			if err := kit.CheckSecret(field.value); err != nil {
				f.Add(field.path, "%w", err)
			}
		}
	}
	if o.Binds < 0 || o.Binds > maxBinds {
		f.Add("binds", "%d is not between 1 and %d", o.Binds, maxBinds)
	}
	if o.Window < 0 || o.Window > maxWindow {
		f.Add("window", "%d is not between 1 and %d", o.Window, maxWindow)
	}
	if o.Enquire < 0 {
		f.Add("enquire_link", "it is negative: leave it out for %v", DefaultEnquire)
	}
	for _, sender := range slices.Sorted(maps.Keys(o.TONs)) {
		if _, err := readTON(o.TONs[sender]); err != nil {
			f.Add("tons."+sender, "%w", err)
		}
	}
}

// readTON reads a type and a plan, "5/0".
func readTON(text string) (a pdu.Address, err error) {
	ton, npi, ok := strings.Cut(text, "/")
	t, err := strconv.ParseUint(ton, 10, 8)
	n, err2 := strconv.ParseUint(npi, 10, 8)
	if !ok || err != nil || err2 != nil {
		return a, errors.New(`it is no type and plan: write "5/0"`)
	}
	return pdu.Address{TON: byte(t), NPI: byte(n)}, nil
}

// checkSender refuses what is certainly no sender.
func checkSender(sender string) error {
	digits := strings.Trim(sender, "0123456789") == ""
	switch {
	case strings.HasPrefix(sender, "+"):
		return errors.New(`it begins with "+": write the number without`)
	case len(sender) > 20:
		return errors.New("it has more than 20 characters")
	case !digits && len([]rune(sender)) > 11:
		return errors.New("it is no number, and no sender ID of at most 11 characters")
	case !pdu.GSM.Has(sender) || strings.ContainsAny(sender, "\r\n\f"):
		return errors.New("it holds a character that a sender ID cannot have")
	case strings.TrimSpace(sender) != sender:
		return errors.New("it begins or ends with white space")
	}
	return nil
}
