// Command notify is the library's command line: "notify --help" tells what it does.
package main

import (
	"os"
	_ "time/tzdata" // for images and machines without zone data

	"github.com/notifykit/notify/cmd/notify/cli"
	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/providers/aws"
	"github.com/notifykit/notify/providers/fake"
	"github.com/notifykit/notify/providers/http"
	"github.com/notifykit/notify/providers/smpp"
	"github.com/notifykit/notify/providers/tencent"
	"github.com/notifykit/notify/providers/twilio"
	"github.com/notifykit/notify/providers/vonage"
)

func main() {
	os.Exit(cli.Main(aliyun.Driver(), aws.DriverWith(defaultCredentials), tencent.Driver(), twilio.Driver(), vonage.Driver(), smpp.Driver(), http.Driver(), fake.Driver()))
}
