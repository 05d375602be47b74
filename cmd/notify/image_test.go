package main_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The image is empty but for the binary and the certificates: zone data has to be
// in the binary.
func TestImage_hasZonesAndCertificates(t *testing.T) {
	packages, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(strings.Fields(string(packages)), "time/tzdata") {
		t.Error("the command does not embed time/tzdata")
	}
	file, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(file), "COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt\n") {
		t.Error("the Dockerfile does not copy the certificates")
	}
}
