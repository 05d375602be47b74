// Package tools holds the programs that make and check what is checked in: the
// table of regions (regions) and the module proxy made of a checkout (modproxy).
// Nothing in the library imports it.
package tools
