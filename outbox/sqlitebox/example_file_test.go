package sqlitebox_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/outbox/sqlitebox"
	"github.com/notifykit/notify/providers/fake"
	"github.com/notifykit/notify/sms"
)

// One configuration file holds the client and where its outbox is.
const file = `
providers: {local: {driver: fake}}
templates: {shipped: {text: "Order ${order} is on its way."}}
outbox: {path: data/outbox.db, workers: 4}
`

// openFile opens the client and the outbox of the file at path.
func openFile(path string) (*notify.Client, *outbox.Outbox, *sqlitebox.Engine, error) {
	var c notify.Config
	client, err := notify.OpenWith(path, func(loaded *notify.Config) error { c = *loaded; return nil }, fake.Driver())
	if err != nil {
		return nil, nil, nil, err
	}
	templates, err := sms.NewRegistry(c.Templates...)
	if err != nil {
		return nil, nil, nil, errors.Join(err, client.Close())
	}
	engine, err := sqlitebox.Open(c.Outbox.Path, sqlitebox.Options{})
	if err != nil {
		return nil, nil, nil, errors.Join(err, client.Close())
	}
	box, err := outbox.New(outbox.Options{Engine: engine, Sender: client, Templates: templates, Workers: c.Outbox.Workers})
	if err != nil {
		return nil, nil, nil, errors.Join(err, engine.Close(), client.Close())
	}
	return client, box, engine, nil
}

func Example_configurationFile() {
	dir, err := os.MkdirTemp("", "outbox")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "notify.yaml")
	err = errors.Join(os.WriteFile(path, []byte(file), 0o600), os.Mkdir(filepath.Join(dir, "data"), 0o700))
	if err != nil {
		fmt.Println(err)
		return
	}
	client, box, engine, err := openFile(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	err = box.Enqueue(ctx, sms.Message{Key: "order-1024-shipped", To: "+8613800000000", Template: "shipped", Params: sms.Params{"order": "1024"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := box.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	for counts := range box.Watch(ctx) {
		if counts.States[outbox.Accepted] == 1 {
			break
		}
	}
	_, err = os.Stat(filepath.Join(dir, "data", "outbox.db"))
	fmt.Println(errors.Join(err, box.Close(ctx), engine.Close(), client.Close()))
	// Output: <nil>
}
