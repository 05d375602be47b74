// Package judges runs vendors' own Go clients against the sandbox. They are in this
// module so that the library does not depend on them. It has tests only.
package judges
