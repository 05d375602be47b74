package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	measure "github.com/notifykit/notify/bench/outbox"
	"github.com/notifykit/notify/outbox/sqlitebox"
)

// waiting prints what n waiting messages cost: memory, file, opening again, and a
// code that comes behind them.
func waiting(ctx context.Context, n int) error {
	dir, err := os.MkdirTemp("", "outbox")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "waiting.db")
	began := time.Now()
	e, err := sqlitebox.Open(path, sqlitebox.Options{})
	if err != nil {
		return err
	}
	if err := measure.Fill(ctx, e, n); err != nil {
		return err
	}
	loading := resident()
	fmt.Printf("%d waiting, enqueued in %v in batches of 1,000: %d MB resident while loading\n", n, time.Since(began).Round(time.Second/10), loading>>20)
	if err := e.Close(); err != nil {
		return err
	}
	debug.FreeOSMemory()
	size, err := bytesIn(dir)
	if err != nil {
		return err
	}
	before := resident()
	began = time.Now()
	if e, err = sqlitebox.Open(path, sqlitebox.Options{}); err != nil {
		return err
	}
	opened := time.Since(began)
	code, err := measure.CodeBehind(ctx, e)
	if err != nil {
		return err
	}
	fmt.Printf("the file has %d MB, %d bytes a message; opened again in %v; a code behind them, the longest of 50: %v; %d MB resident, %d before it was opened\n",
		size>>20, size/int64(n), opened.Round(time.Millisecond/10), code.Round(time.Millisecond/100), resident()>>20, before>>20)
	return nil
}

// resident is how much memory the process has, in bytes; where nobody tells, what
// Go has of the system.
func resident() int64 {
	text, err := os.ReadFile("/proc/self/status")
	if _, rest, found := strings.Cut(string(text), "VmRSS:"); err == nil && found {
		var kb int64
		if _, err := fmt.Sscan(rest, &kb); err == nil {
			return kb << 10
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys)
}

// bytesIn is how much the files of a folder hold.
func bytesIn(dir string) (sum int64, err error) {
	files, err := os.ReadDir(dir)
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			return 0, err
		}
		sum += info.Size()
	}
	return sum, err
}
