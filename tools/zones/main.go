// Command zones writes the table of the time zones of regions, by which quiet
// hours find the time where a recipient is.
//
//	go run ./zones -o ../outbox/zones.go
package main

import (
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	out := flag.String("o", "", "the file to write; empty: standard output")
	from := flag.String("from", time.Now().UTC().Format(time.DateOnly), "the first day of the ten years that are compared")
	flag.Parse()
	if err := run(*out, *from); err != nil {
		fmt.Fprintln(os.Stderr, "zones:", err)
		os.Exit(1)
	}
}

func run(out, from string) error {
	source, err := generate(from)
	if err != nil {
		return err
	}
	if out == "" {
		_, err = os.Stdout.Write(source)
		return err
	}
	return os.WriteFile(out, source, 0o644)
}
