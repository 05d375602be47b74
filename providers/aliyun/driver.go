package aliyun

import "github.com/notifykit/notify/sms"

const driverName = "aliyun"

// Driver makes providers from configuration, by the keys of [Options]:
//
//	providers:
//	  aliyun:
//	    driver: aliyun
//	    access_key_id: "${ALIYUN_ACCESS_KEY_ID}"
//	    access_key_secret: "${ALIYUN_ACCESS_KEY_SECRET}"
//	    from: 云通信
func Driver() sms.Driver {
	return sms.Driver{Name: driverName, Settings: Options{}, Codes: Codes(), Open: open, Form: form}
}

func open(c sms.DriverConfig) (sms.Sender, error) {
	var o Options
	if c.Decode != nil {
		if err := c.Decode(&o); err != nil {
			return nil, err
		}
	}
	o.Name, o.Templates = c.Name, c.Templates
	p, err := New(o)
	if err != nil {
		return nil, err // not p, which would be a Sender that is not nil
	}
	return p, nil
}

// form is how the vendor is given a number.
func form(to sms.Number) (string, error) {
	phone, _, err := phoneOf(to)
	return phone, err
}
