package sms

// Subject returns the number that n counts as in limits, suppressions and verification
// codes, so that one telephone has one count however its number is written. A message
// is sent to n itself.
//
// Two countries write a mobile number in two ways that both reach the telephone.
// Argentina has a 9 after +54, which people leave out: +54 11 2345 6789 counts as
// +54 9 11 2345 6789. Brazil put a 9 before the eight digits of mobile numbers until
// 2016: +55 11 6123 4567 counts as +55 11 96123 4567. Every other number counts as
// itself. The result may be a number that nobody has: for a landline of Argentina it is.
func (n Number) Subject() Number {
	if len(n) != len("+541123456789") || n[0] != '+' || n[1] != '5' || !n.Valid() {
		return n
	}
	switch {
	case n[2] == '4' && n[3] >= '1' && n[3] <= '3': // area codes begin so
		return n[:3] + "9" + n[3:]
	case n[2] == '5' && n[3] != '0' && n[4] != '0' && n[5] >= '6': // mobile numbers began so
		return n[:5] + "9" + n[5:]
	}
	return n
}
