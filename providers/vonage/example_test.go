package vonage_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/notifykit/notify/providers/vonage"
	"github.com/notifykit/notify/sms"
)

func ExampleNew() {
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answerSMS(w, r, "0", "") }))
	defer vendor.Close()
	p, err := vonage.New(vonage.Options{
		APIKey: apiKey, APISecret: secret, From: "ACME",
		Endpoint: vendor.URL, // a program leaves it out
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Close()
	receipt, err := p.Send(context.Background(), sms.Message{To: "+447700900001", Body: "Your parcel has arrived."})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(receipt.Provider, receipt.ID, receipt.Segments)
	// Output: vonage 0A0000000123ABCD1 1
}
