// Command modproxy packs this checkout into a folder that the go command takes
// as a module proxy, so that what a stranger would install can be tried before
// it is tagged.
//
//	go run ./tools/modproxy -version v0.1.0 -out DIR
//	GOPROXY=file://DIR,… GONOSUMDB=github.com/notifykit go install github.com/notifykit/notify/cmd/notify@v0.1.0
//
// It packs the files that git tracks or would add, as they are in the work tree.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	version := flag.String("version", "", "the version to pack the modules as, such as v0.1.0")
	out := flag.String("out", "", "the folder to write to")
	repo := flag.String("repo", ".", "the checkout's root")
	flag.Parse()
	if *version == "" || *out == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := Pack(*repo, *out, *version); err != nil {
		fmt.Fprintln(os.Stderr, "modproxy:", err)
		os.Exit(1)
	}
}
