// Package config reads the configuration file: YAML into a tree that keeps
// positions, variables put in, and the tree into typed values, strictly. It
// knows the form of the file and no driver.
//
// The way of a file is
//
//	parse   YAML -> Node: every scalar as it is written, every position kept
//	expand  ${NAME} in scalars under providers:, after parsing
//	decode  Node -> the typed parts of a File; settings stay plain data for the drivers
//
// Whatever changes the document as a whole, such as choosing an environment,
// belongs between parse and expand: it works on Nodes, which carry their
// positions along.
package config
