package http_test

import (
	"context"
	"fmt"
	"io"
	nethttp "net/http"
	"net/http/httptest"

	"github.com/notifykit/notify/providers/http"
	"github.com/notifykit/notify/sms"
)

func Example() {
	gateway := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, _ *nethttp.Request) {
		io.WriteString(w, `{"code":0,"msg":"ok","count":1,"sid":3310228064}`)
	}))
	defer gateway.Close()

	p, err := http.New(http.Options{Recipe: "yunpian", Secrets: map[string]string{"apikey": "0123456789"}, Endpoint: gateway.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Close()
	receipt, err := p.Send(context.Background(), sms.Message{To: "+8613800000000", Body: "【ACME】hello"})
	fmt.Println(receipt.ID, err)
	// Output: 3310228064 <nil>
}
