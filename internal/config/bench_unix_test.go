//go:build unix

package config_test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/internal/config"
)

// cpu returns the processor time of this process, which other programs of the machine
// do not change.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// The time of 8 MiB is at most 40 times that of 256 KiB (docs/performance.md).
func BenchmarkParse_hostile(b *testing.B) {
	for name, text := range hostile {
		sizes := []int{256 << 10}
		if os.Getenv("NOTIFY_LONG") != "" {
			sizes = append(sizes, 8<<20-100)
		}
		for _, size := range sizes {
			data := []byte(text(size))
			b.Run(fmt.Sprintf("%s/%dKiB", strings.ReplaceAll(name, " ", "_"), (size+200)>>10), func(b *testing.B) {
				before := cpu(b)
				for b.Loop() {
					var c notify.Config
					config.Parse("notify.yaml", data, config.Options{Getenv: getenv()}, &c)
				}
				b.ReportMetric(float64((cpu(b)-before).Milliseconds())/float64(b.N), "cpu-ms/op")
			})
		}
	}
}
