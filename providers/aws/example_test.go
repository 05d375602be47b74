package aws_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/notifykit/notify/providers/aws"
	"github.com/notifykit/notify/sms"
)

func ExampleNew() {
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answer(w, r, "", "") }))
	defer vendor.Close()
	p, err := aws.New(aws.Options{
		Region: "eu-west-1", AccessKeyID: keyID, SecretAccessKey: secret, From: "ACME",
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
	// Output: aws 0f5c1a2b-3d4e-5f60-7182-93a4b5c6d7e8 1
}
