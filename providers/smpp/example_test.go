package smpp_test

import (
	"context"
	"fmt"

	"github.com/notifykit/notify/providers/smpp"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sms"
)

func ExampleNew() {
	carrier, err := sandbox.Listen("", sandbox.Options{SMPP: "127.0.0.1:0"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer carrier.Close()
	p, err := smpp.New(smpp.Options{
		Endpoint: carrier.Addr(sandbox.SMPP), // of a real carrier: "smpps://smsc.example:3550"
		SystemID: sandbox.SMPPSystemID, Password: sandbox.SMPPPassword, From: "ACME",
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
	fmt.Println(receipt.Provider, receipt.ID == carrier.Messages("+447700900001")[0].ID, receipt.Segments)
	// Output: smpp true 1
}
