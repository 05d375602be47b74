package sqlitebox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver called "sqlite"

	"github.com/notifykit/notify/outbox/outboxtable"
)

// Options are how a file is used. The zero value is ready for use.
type Options struct {
	// Lease is how long a process that is stopped, and not dead, keeps what it was
	// handed. What a dead process had is free at once, where locks of files tell
	// that it is dead (on Unix), else after this time. Defaults to 10 seconds.
	Lease time.Duration
	// Keep is how long ended records are known: within it a Key is sent once.
	// Defaults to 24 hours, the least there is.
	Keep time.Duration
	// Poll is how often a Take that waits looks for what other processes have put;
	// its own process wakes it. Defaults to 50 milliseconds.
	Poll time.Duration
	// AllowFilesystem names a network file system that is used all the same, such as
	// "nfs", as the error of Open names it. Its locks and its syncs have to be those
	// of a local disk, which hardly one of them has.
	AllowFilesystem string
	// Logger is told of failures that mend themselves. Nil: nobody.
	Logger *slog.Logger
}

// completed is o as the table's Engine takes it.
func (o Options) completed() (outboxtable.Options, error) {
	return outboxtable.Options{Lease: o.Lease, Keep: o.Keep, Poll: o.Poll, Logger: o.Logger}.Completed(50 * time.Millisecond)
}

// An Engine is an outbox.Engine on a file. Close it after the Outbox.
type Engine struct {
	*outboxtable.Engine
	files *files
}

// Open opens the file at path, and makes it where there is none: readable by its
// owner alone, for it holds telephone numbers and codes. A file of an older
// version is brought up to date, as Migrate does. Beside it stand the files that
// SQLite makes (-wal, -shm) and one small file for each process that uses it,
// whose lock tells that the process lives.
func Open(path string, o Options) (*Engine, error) {
	options, err := o.completed()
	if err != nil {
		return nil, fmt.Errorf("sqlitebox: %w", err)
	}
	f, err := openFiles(path, o.AllowFilesystem)
	if err != nil {
		return nil, fmt.Errorf("sqlitebox: %s: %w", path, err)
	}
	options.Gone, options.Own = f.owners.gone, f.owners.own
	engine, err := outboxtable.New(context.Background(), outboxtable.SQLite, f, options)
	if err != nil {
		return nil, fmt.Errorf("sqlitebox: %s: %w", path, errors.Join(err, f.close()))
	}
	f.owners.sweep() // what gone owners had is free by now
	return &Engine{Engine: engine, files: f}, nil
}

// Close gives up what was handed out, at once, and closes the file.
func (e *Engine) Close() error { return errors.Join(e.Engine.Close(), e.files.close()) }

// Migrate brings the file at path up to the version that this package reads, and
// makes it where there is none. Open does the same: Migrate is for those who do
// it apart, before the new version runs. A file of a later version is an error.
func Migrate(ctx context.Context, path string) error {
	db, err := open(path, 1)
	if err == nil {
		err = errors.Join(migrate(ctx, db), db.Close())
	}
	if err != nil {
		return fmt.Errorf("sqlitebox: %s: %w", path, err)
	}
	return nil
}

// files are a database and what stands beside it. It is an outboxtable.Store.
type files struct {
	*writer
	readers *pool
	owners  *owners
}

func openFiles(path, allowed string) (*files, error) {
	if path == "" || strings.Contains(path, ":memory:") {
		return nil, errors.New("a file is needed: what is in memory does not survive the process (package outboxtest has an engine in memory)")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := checkFilesystem(filepath.Dir(path), allowed); err != nil {
		return nil, err
	}
	if err := create(path); err != nil {
		return nil, err
	}
	write, err := open(path, 1)
	if err != nil {
		return nil, err
	}
	if err := migrate(context.Background(), write); err != nil {
		return nil, errors.Join(err, write.Close())
	}
	read, err := open(path, 4)
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	return &files{writer: newWriter(write), readers: newPool(read), owners: &owners{path: path}}, nil
}

// create makes the file for its owner alone.
func create(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// open opens a pool of connections.
func open(path string, most int) (*sql.DB, error) {
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: url.Values{
		"_txlock": {"immediate"},
		"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "temp_store(MEMORY)", "wal_autocheckpoint(2000)"},
	}.Encode()}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(most)
	db.SetMaxIdleConns(most)
	return db, nil
}

// Read is for what changes nothing.
func (f *files) Read() outboxtable.Conn { return f.readers }

func (f *files) close() error {
	return errors.Join(f.writer.close(), f.readers.Close(), f.owners.close())
}
