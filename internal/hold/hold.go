// Package hold keeps go.mod whole until the packages that need these modules stand.
package hold

import (
	_ "github.com/aliyun/alibaba-cloud-sdk-go/services/dysmsapi"
	_ "github.com/goccy/go-yaml"
	_ "github.com/nyaruka/phonenumbers"
	_ "github.com/sony/gobreaker/v2"
	_ "github.com/twilio/twilio-go/client"
	_ "github.com/twilio/twilio-go/rest/api/v2010"
	_ "golang.org/x/term"
	_ "golang.org/x/time/rate"
)
