// Package cputime measures the processor time that this process has used.
package cputime
