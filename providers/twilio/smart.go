package twilio

import (
	"strings"

	"github.com/notifykit/notify/sms"
)

// smart replaces the characters that Twilio's Smart Encoding replaces, as far as
// they are certain: quotation marks, dashes, blanks, ellipses and marks that are not
// seen. A character that it does not know costs UCS-2 in a count, so that a count is
// never too small because of it.
var smart = strings.NewReplacer(
	"\u00ab", `"`, "\u00bb", `"`, "\u201c", `"`, "\u201d", `"`, "\u201e", `"`, "\u201f", `"`, "\u02ba", `"`, "\u02ee", `"`, "\u2033", `"`, "\u275d", `"`, "\u275e", `"`,
	"\u2018", "'", "\u2019", "'", "\u201a", "'", "\u201b", "'", "\u02bb", "'", "\u02c8", "'", "\u02bc", "'", "\u02bd", "'", "\u2032", "'", "\u275b", "'", "\u275c", "'",
	"\u2010", "-", "\u2011", "-", "\u2012", "-", "\u2013", "-", "\u2014", "-", "\u2015", "-", "\u2212", "-", "\u02d7", "-",
	"\u00a0", " ", "\u2000", " ", "\u2001", " ", "\u2002", " ", "\u2003", " ", "\u2004", " ", "\u2005", " ", "\u2006", " ", "\u2007", " ", "\u2008", " ",
	"\u2009", " ", "\u200a", " ", "\u202f", " ", "\u205f", " ", "\u3000", " ",
	"\u2026", "...", "\u200b", "", "\ufeff", "",
)

// counted returns the text that Twilio encodes. One that stays UCS-2 is not changed.
func (r request) counted() string {
	if r.content != "" || r.extra.smartEncoded == nil || !*r.extra.smartEncoded {
		return r.text
	}
	plain := smart.Replace(r.text)
	if _, unicode := sms.CountSegments(plain); unicode {
		return r.text
	}
	return plain
}
