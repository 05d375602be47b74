package sms

//go:generate go -C ../tools run ./regions -o ../sms/region_table.go

// Region tells where the number is at home, as two letters of ISO 3166: "CN",
// "HK", "US"; +1 876 is "JM", +7 701 "KZ", +44 1481 "GG". It follows a table of
// leading digits made from the phone-number library's data, without parsing,
// and does not allocate. A number that is not assigned has the region that its
// digits lead to, else the main one of its country code: Twilio's test number
// +15005550006 is "US". It is "" where n is not Valid, where no country has the
// code, and for the codes of networks and services, such as satellites (+881).
func (n Number) Region() string {
	if !n.Valid() {
		return ""
	}
	row := uint16(0)
	for i := 1; i < len(n); i++ {
		entry := regionRows[row][n[i]-'0']
		switch {
		case entry == 0:
			return ""
		case entry >= regionLeaf:
			at := int(entry-regionLeaf) * 2
			return regionNames[at : at+2]
		}
		row = entry
	}
	return "" // too short to tell: such a number is not given out
}
