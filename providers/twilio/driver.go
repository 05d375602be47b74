package twilio

import "github.com/notifykit/notify/sms"

// Driver makes Providers from configuration. The settings are the fields of
// [Options] under the keys of their yaml tags:
//
//	providers:
//	  twilio:
//	    driver: twilio
//	    account_sid: "${TWILIO_ACCOUNT_SID}"
//	    auth_token: "${TWILIO_AUTH_TOKEN}"        # or api_key_sid and api_key_secret
//	    from: "+15005550006"                      # or messaging_service_sid
//	    status_callback: "https://example.com/reports/{provider}/{key}"
//	    senders: {acme: "MG00000000000000000000000000000000"}
//	    timeout: 5s
func Driver() sms.Driver {
	return sms.Driver{Name: driverName, Settings: Options{}, Codes: Codes(), Open: open}
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
		return nil, err // not p: a nil *Provider in an sms.Sender is not nil
	}
	return p, nil
}
