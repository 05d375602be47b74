package recipes_test

import (
	"context"
	"fmt"

	"github.com/notifykit/notify/providers/http"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/kernel"
	"github.com/notifykit/notify/sandbox/recipes"
	"github.com/notifykit/notify/sms"
)

// The sandbox imitates Yunpian by its recipe, and a provider sends to it.
func Example() {
	r, err := http.Load("yunpian")
	if err != nil {
		fmt.Println(err)
		return
	}
	sb, err := sandbox.Listen("", sandbox.Options{Vendors: []kernel.Opener{recipes.New(r, recipes.Options{})}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer sb.Close()

	p, err := http.New(http.Options{Recipe: "yunpian", Endpoint: sb.URL + "/yunpian", Secrets: map[string]string{"apikey": recipes.Secret("apikey")}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Close()
	if _, err := p.Send(context.Background(), sms.Message{To: "+8613812345678", Body: "【ACME】Your code is 4821."}); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(sb.Messages("")[0].Vendor, sb.Messages("")[0].Text)
	// Output: yunpian 【ACME】Your code is 4821.
}
