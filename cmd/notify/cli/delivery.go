package cli

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/notifykit/notify/delivery"
	"github.com/notifykit/notify/delivery/sqlstore"
)

// openDeliveryFile opens a store in a SQLite file, and makes it, readable by its owner
// alone, if there is none.
func openDeliveryFile(ctx context.Context, path string) (delivery.Store, func() error, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, nil, err
	}
	if err := f.Close(); err != nil {
		return nil, nil, err
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, nil, err
	}
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: absolute}).EscapedPath(), RawQuery: url.Values{
		"_txlock": {"immediate"}, "_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)"},
	}.Encode()}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, nil, err
	}
	db.SetMaxOpenConns(4)
	if err := sqlstore.Migrate(ctx, db, sqlstore.SQLite); err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	store, err := sqlstore.New(db, sqlstore.SQLite)
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return store, db.Close, nil
}

// deliverySecret reads the secret of a store in a file from the file beside it, and
// makes one if there is none.
func deliverySecret(path string) ([]byte, error) {
	beside := path + ".key"
	text, err := os.ReadFile(beside)
	if errors.Is(err, fs.ErrNotExist) {
		secret := make([]byte, 32)
		_, _ = rand.Read(secret) // never fails
		if err := writeNewSecret(beside, hex.EncodeToString(secret)+"\n"); err == nil {
			return secret, nil
		} else if !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		text, err = os.ReadFile(beside) // another process was faster
	}
	if err != nil {
		return nil, err
	}
	secret, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(secret) != 32 {
		return nil, fmt.Errorf("%s does not hold 64 hexadecimal digits: restore it from a copy, or remove it together with %s", beside, path)
	}
	return secret, nil
}

// writeNewSecret writes a file whole: another process never reads half of it.
func writeNewSecret(path, text string) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".key-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) //nolint:errcheck // it is linked by then
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), path)
}

// A record is the delivery records that a command has opened.
type record struct {
	*delivery.Tracker
	close func() error
}

// openRecord opens the file at path.
func openRecord(ctx context.Context, path string) (*record, error) {
	secret, err := deliverySecret(path)
	if err != nil {
		return nil, err
	}
	store, closed, err := openDeliveryFile(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("the delivery records in %s: %w", path, err)
	}
	tracker, err := delivery.New(delivery.Options{Store: store, Secret: secret})
	if err != nil {
		return nil, errors.Join(err, closed())
	}
	return &record{tracker, func() error {
		ending, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		return errors.Join(tracker.Close(ending), closed())
	}}, nil
}
