package smpp

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"

	"github.com/notifykit/notify/internal/pdu"
	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

const driverName = "smpp"

// The sandbox's well-known credentials.
const (
	sandboxID       = "sandbox"
	sandboxPassword = "sandbox"
)

// A Provider sends through one account of a carrier. It may be used by any number
// of goroutines.
type Provider struct{ *kit.Provider }

// vendor is one account, with what is fixed of its messages.
type vendor struct {
	*kit.Base
	pool     *pool
	message  pdu.Message // what all messages have
	alphabet pdu.Alphabet
	form     pdu.Form
	tons     map[string]pdu.Address
	tlvs     map[string]pdu.TLVs // by template: those of all messages, then the binding's
	refs     atomic.Uint32       // the reference that joins the parts of a text
	base     int                 // of the IDs in receipts, 16 or 10; 0: as they are
}

// New returns a Provider. It does no I/O. Every fault of the options is in one
// error, each as an *sms.FieldError.
func New(o Options) (*Provider, error) {
	var f kit.Faults
	o.check(&f)
	public := o.SystemID == sandboxID && o.Password == sandboxPassword
	about := kit.About{
		Driver: driverName, Account: o.SystemID, Public: public, Codes: kit.Table{Rows: table, Other: other}, CheckSender: checkSender,
		Secrets: func() []string {
			if o.Password == o.SystemID { // then it is none, and the account's name is shown
				return nil
			}
			return []string{o.Password}
		},
	}
	v := &vendor{
		message:  pdu.Message{ServiceType: o.ServiceType, Registered: pick(&f, "reports", o.Reports, reports)},
		alphabet: pick(&f, "alphabet", o.Alphabet, alphabets), form: pick(&f, "long", o.Long, forms),
		tons: map[string]pdu.Address{}, tlvs: map[string]pdu.TLVs{},
		base: pick(&f, "receipt_ids", o.ReceiptIDs, bases),
	}
	v.refs.Store(rand.Uint32())
	bind := pick(&f, "bind", o.Bind, binds)
	for sender, ton := range o.TONs {
		v.tons[sender], _ = readTON(ton)
	}
	v.message.TLVs = readTLVs(&f, "tlvs", o.TLVs)
	v.Base = kit.Open(kit.Common{
		Name: o.Name, Endpoint: o.Endpoint, From: o.From, Senders: o.Senders, Templates: o.Templates, Timeout: cmp.Or(o.Timeout, DefaultTimeout),
	}, about, &f)
	v.Bindings(func(t sms.Template, b sms.Binding, path string) {
		v.tlvs[t.Name] = readTLVs(&f, path+".extra", b.Extra)
	})
	v.pool = newPool(config{
		hosts: o.hosts(public, &f), bind: bind, binds: max(1, o.Binds), window: cmp.Or(max(0, o.Window), DefaultWindow),
		timeout: v.Timeout(), enquire: cmp.Or(max(0, o.Enquire), DefaultEnquire), tls: o.TLS, dial: o.Dial, refuse: v.bindRefused,
		request: pdu.Bind{SystemID: o.SystemID, Password: o.Password, SystemType: o.SystemType, Version: pdu.Version},
	}, v.receive)
	listen := v.pool.listen
	if bind == pdu.BindTransmitter {
		listen = nil
	}
	p, err := kit.New(v.Base, kit.Vendor[order]{
		Order: v.order, Send: v.send, Check: v.check, Show: v.show, IDOptional: true,
		Segments: func(o order) int { return o.segments }, Hide: func(o order) []string { return []string{o.text} },
		Inspect: v.inspect, Listen: listen, Close: v.pool.close,
	}, f)
	if err != nil {
		return nil, err
	}
	return &Provider{p}, nil
}

// inspect binds, and asks each session whether it is alive.
func (v *vendor) inspect(ctx context.Context) ([]sms.Finding, error) {
	return v.Inspect(ctx, kit.Inspection{
		Account: func(ctx context.Context) (sms.Finding, error) {
			f := sms.Finding{Subject: "account", Name: v.Account, State: sms.Ready}
			if _, _, err := v.pool.exchange(ctx, pdu.PDU{ID: pdu.EnquireLink}); err != nil {
				return f, err
			}
			if deaf := v.pool.deaf(); deaf != nil {
				f.State, f.Detail = sms.NotApproved, "messages go out, and no report can arrive: "+deaf.Error()
			}
			return f, nil
		},
		Sender: func(_ context.Context, sender string) (sms.Finding, error) {
			return sms.Finding{Subject: "sender", Name: sender, State: sms.NotChecked, Detail: "SMPP has no list of senders"}, nil
		},
		Template: kit.TextTemplate,
	})
}

// bindRefused returns the error of a bind that the carrier has refused. No message
// was sent then, whatever the code says of messages.
func (v *vendor) bindRefused(status pdu.Status) error {
	r := &kit.Refusal{Code: status.String(), Words: "the bind was refused"}
	r.Reason, r.Outcome = v.ReasonOf(r), sms.Rejected
	return r
}

// Driver makes Providers from configuration, by the keys of [Options]:
//
//	providers:
//	  carrier:
//	    driver: smpp
//	    endpoint: smpps://smsc.example:3550
//	    system_id: "${SMPP_SYSTEM_ID}"
//	    password: "${SMPP_PASSWORD}"
//	    from: ACME
func Driver() sms.Driver {
	return kit.Driver(driverName, Codes(), New, func(o *Options, c sms.DriverConfig) { o.Name, o.Templates = c.Name, c.Templates })
}

// validity writes a time as SMPP does, relative to now.
func validity(seconds int) string {
	if seconds == 0 {
		return ""
	}
	d := time.Duration(seconds) * time.Second
	days := d / (24 * time.Hour)
	d -= days * 24 * time.Hour
	return fmt.Sprintf("0000%02d%02d%02d%02d000R", days, int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60)
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
