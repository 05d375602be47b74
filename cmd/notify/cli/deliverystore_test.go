package cli

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/notifykit/notify/delivery"
	"github.com/notifykit/notify/delivery/deliverytest"
	"github.com/notifykit/notify/delivery/sqlstore"
)

// The store in a file, as the command opens it, keeps what every store must.
func TestDeliveryStore_inAFile(t *testing.T) {
	deliverytest.Run(t, func(t *testing.T) delivery.Store {
		path := filepath.Join(t.TempDir(), "notify-delivery.db")
		store, closed, err := openDeliveryFile(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := closed(); err != nil {
				t.Error(err)
			}
		})
		if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("others may read it: %v, %v", info.Mode(), err)
		}
		return store
	})
}

func TestDeliveryStore_ofALaterVersion(t *testing.T) {
	path := filepath.Join(t.TempDir(), "later.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "PRAGMA user_version = 99"); err != nil {
		t.Fatal(err)
	}
	if err := sqlstore.Migrate(t.Context(), db, sqlstore.SQLite); err == nil || !strings.Contains(err.Error(), "run a later one") {
		t.Error(err)
	}
}
