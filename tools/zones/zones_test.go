package main

import (
	"bytes"
	"os"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/nyaruka/phonenumbers"
)

// The checked-in table says what the database says, from the day on which it was
// made.
func TestTableIsNotStale(t *testing.T) {
	const table = "../../outbox/zones.go"
	got, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	day := regexp.MustCompile(`from (\d{4}-\d\d-\d\d)`).FindSubmatch(got)
	if day == nil {
		t.Fatalf("%s does not say from which day it holds", table)
	}
	want, err := generate(string(day[1]))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is stale: run go generate ./outbox", table)
	}
}

// A region is left out only if its zones differ.
func TestRegions(t *testing.T) {
	source, err := generate("2026-11-28")
	if err != nil {
		t.Fatal(err)
	}
	for region, want := range map[string]bool{
		"AR": true, "KZ": true, "CN": true, "DE": true, "CY": true, "MY": true, "VN": true, "MH": true, "XK": true,
		"US": false, "CA": false, "BR": false, "AU": false, "RU": false, "MX": false, "ES": false, "PT": false,
		"CL": false, "NZ": false, "ID": false, "CD": false, "EC": false, "UA": false,
	} {
		if got := bytes.Contains(source, []byte("\""+region+"\":")); got != want {
			t.Errorf("%s: in the table %v, want %v", region, got, want)
		}
	}
	all := regions(zoneTab)
	for region := range phonenumbers.GetSupportedRegions() {
		if _, there := all[region]; !there && without[region] == "" {
			t.Errorf("%s has telephone numbers and no zone", region)
		}
	}
}

func TestChangesOf(t *testing.T) {
	d, err := openData()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, want := range map[string]int{"Asia/Shanghai": 1, "Europe/Berlin": 21, "America/New_York": 21} {
		zone, err := d.load(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := changesOf(zone, start, start.AddDate(years, 0, 0)); len(got) != want {
			t.Errorf("%s: %d changes in ten years, want %d", name, len(got), want)
		}
	}
	for _, c := range []struct {
		zones []string
		want  bool
	}{
		{[]string{"Europe/Berlin", "Europe/Busingen"}, true},
		{[]string{"Asia/Shanghai", "Asia/Urumqi"}, false},
		{[]string{"Europe/Madrid", "Atlantic/Canary"}, false},
		{[]string{"America/New_York", "America/Toronto", "America/Detroit"}, true},
		{[]string{"America/Phoenix", "America/Denver"}, false}, // equal in winter
	} {
		same, err := d.equal(c.zones, start, start.AddDate(years, 0, 0))
		if err != nil || same != c.want {
			t.Errorf("%v: %v, %v, want %v", c.zones, same, err, c.want)
		}
	}
	if _, err := d.equal([]string{"Mars/Olympus"}, start, start); err == nil {
		t.Error("a zone that does not exist is taken")
	}
	if !slices.Contains(regions(zoneTab)["KZ"], "Asia/Almaty") {
		t.Error("zone.tab is not read")
	}
}
