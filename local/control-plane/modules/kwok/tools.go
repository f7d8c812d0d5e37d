//go:build tools

// Package tools names the commands to build, so that go.mod and go.sum cover everything they import.
package tools

import _ "sigs.k8s.io/kwok/cmd/kwok"
