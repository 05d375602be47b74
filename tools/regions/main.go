// Command regions writes the table by which sms.Number.Region tells a number's
// region from its leading digits, made from the phone-number library's data.
//
//	go run ./regions -o ../sms/region_table.go
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	out := flag.String("o", "", "the file to write; empty: standard output")
	flag.Parse()
	if err := run(*out); err != nil {
		fmt.Fprintln(os.Stderr, "regions:", err)
		os.Exit(1)
	}
}

func run(out string) error {
	root, err := plan()
	if err != nil {
		return err
	}
	source, err := write(root)
	if err != nil {
		return err
	}
	if out == "" {
		_, err = os.Stdout.Write(source)
		return err
	}
	return os.WriteFile(out, source, 0o644)
}
