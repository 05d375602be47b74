package aliyun

import (
	"context"
	"errors"
	"strings"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

const driverName = "aliyun"

// A Provider sends through Aliyun. It may be used by any number of goroutines.
type Provider struct{ *kit.Provider }

// vendor is what this package knows of Aliyun, with the settings of one account.
type vendor struct {
	*kit.Base
	product  string // an API
	region   string
	bindings map[string]*binding // by template
	keys     *kit.Ring[Credentials]
}

// New returns a Provider. It does no I/O. Every fault of the options is in one
// error, each as an *sms.FieldError. Its path is the key in the configuration, and
// begins with "templates." if the fault is in a template's binding.
func New(o Options) (*Provider, error) {
	o = o.withDefaults()
	var f kit.Faults
	o.role(&f)
	o.checkKey(&f)
	o.checkProduct(&f)
	v := &vendor{product: o.API, region: o.Region, keys: o.ring()}
	v.Base = kit.Open(o.common(), kit.About{
		Driver: driverName, Endpoint: "https://" + hostOf(o.API, o.Region), BareHost: true,
		Public: o.hasSandboxKey(), TemplatesOnly: o.API != APIGlobe,
		Secrets:     func() []string { key := v.keys.Last(); return []string{key.AccessKeySecret, key.SecurityToken} },
		Codes:       kit.Table{Rows: table, Also: otherSpellings, Other: v.guess, LateToo: true},
		CheckSender: o.checkSender,
	}, &f)
	if !isRegion(o.Region) {
		f.Add("region", "%q is no region ID: it has letters, digits, - and _ only", o.Region)
	}
	v.bindings = o.bindings(v.Base, &f)
	p, err := kit.New(v.Base, v.kit(), f)
	if err != nil {
		return nil, err
	}
	return &Provider{p}, nil
}

// Driver makes providers from configuration, by the keys of [Options]:
//
//	providers:
//	  aliyun:
//	    driver: aliyun
//	    access_key_id: "${ALIYUN_ACCESS_KEY_ID}"
//	    access_key_secret: "${ALIYUN_ACCESS_KEY_SECRET}"
//	    from: 云通信
func Driver() sms.Driver {
	d := kit.Driver(driverName, Codes(), New, func(o *Options, c sms.DriverConfig) { o.Name, o.Templates = c.Name, c.Templates })
	d.Form = func(to sms.Number) (string, error) {
		phone, _, err := phoneOf(to)
		return phone, err
	}
	return d
}

// send submits one message. Aliyun's one word for "accepted" is OK. An OK without an
// ID is accepted all the same: if the message were sent again for want of an ID,
// it would arrive twice, and its report has our key.
func (v *vendor) send(ctx context.Context, o order) (kit.Accepted, error) {
	sign, read := signSendSms, readSendSms
	switch v.product {
	case APIGlobe:
		sign, read = signSendMessageToGlobe, readSendMessageToGlobe
	case APIPNVS:
		sign, read = signSendSmsVerifyCode, readSendSmsVerifyCode
	}
	r, err := v.call(ctx, read, func(key Credentials) (signedCall, error) { return sign(o, v.region, key) })
	if err != nil {
		return kit.Accepted{}, err
	}
	return kit.Accepted{ID: r.id, RequestID: r.requestID, Segments: r.segments}, nil
}

// call makes one call and reads the answer.
func (v *vendor) call(ctx context.Context, read func([]byte) (reply, error), sign func(Credentials) (signedCall, error)) (reply, error) {
	key, err := v.keys.Get(ctx)
	if err != nil {
		return reply{}, err
	}
	signed, err := sign(key)
	if err != nil {
		return reply{}, &kit.Failure{Reason: sms.Internal, Outcome: sms.Rejected, Err: err}
	}
	request, err := v.Request(signed.method, "/", signed.contentType, signed.form)
	if err != nil {
		return reply{}, err
	}
	answer, err := v.Do(ctx, request)
	if err != nil {
		return reply{}, err
	}
	r, err := readAnswer(answer, read)
	if refusal, ok := errors.AsType[*kit.Refusal](err); ok && v.product != APISMS {
		refusal.Scope = v.product
	}
	if err != nil && v.ReasonOf(err) == sms.Unauthorized {
		v.keys.Forget(key)
	}
	return r, err
}

// batchMark begins the OutId of a call of several messages. sms.NewKey follows.
const batchMark = "notify-batch-"

// IsBatch reports whether an OutId, as it comes back in delivery reports and
// listings, is that of a call of several messages (Options.Coalesce) and not a
// message's key. Such a message is known by BizId and number: Receipt.ID is the
// BizId.
func IsBatch(outID string) bool {
	key, ok := strings.CutPrefix(outID, batchMark)
	return ok && len(key) == 26 && strings.Trim(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}

// maxNumbers is how many numbers one SendSms accepts (isv.MOBILE_COUNT_OVER_LIMIT).
const maxNumbers = 1000

func (v *vendor) batch() *kit.Batch[order] {
	return &kit.Batch[order]{
		Max:    maxNumbers,
		Like:   order.like,
		Number: func(o order) string { return o.phone },
		Ref:    func() string { return batchMark + sms.NewKey() },
		Doubt:  v.mayBeOneNumber,
		Send: func(ctx context.Context, orders []order, ref string) ([]kit.Result, error) {
			o, phones := orders[0], make([]string, len(orders))
			for i := range orders {
				phones[i] = orders[i].phone
			}
			o.phone, o.key = strings.Join(phones, ","), ref
			a, err := v.send(ctx, o)
			results := make([]kit.Result, len(orders))
			for i := range results {
				results[i].Accepted = a
			}
			return results, err
		},
	}
}

// mayShare reports whether messages of a kind may wait for one another. A code may
// not, and for an international template Aliyun promises nothing for several
// numbers.
func mayShare(k sms.Kind) bool { return k == sms.Notification || k == sms.Promotion }

// like returns what the messages of one call have in common.
func (o order) like(m sms.Message) string {
	if !mayShare(m.Kind) {
		return ""
	}
	return strings.Join([]string{o.signature, o.template, o.params, o.extendCode}, "\x00")
}
