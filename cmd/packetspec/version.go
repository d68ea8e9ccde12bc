package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/internal/words"
)

// version returns the version of the module, as the Go toolchain recorded it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

// commit returns the commit that this program was built from, with "+changes" if the tree differed from
// it, or "" if the Go toolchain did not record it.
func commit() (id string) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	changed := ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			id = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = "+changes"
		}
	}
	if id == "" {
		return ""
	}
	return id[:min(len(id), 12)] + changed
}

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: noArguments,
		RunE: withSpecification(func(cmd *cobra.Command, s *spec.Spec, _ []string) error {
			cmd.Print(versionLine())
			cmd.Printf("commit %s\nspecification %s: %s, %s\n", cmp.Or(commit(), "unknown"), s.Version,
				words.Count(len(s.Requirements), "requirement"), words.Count(len(s.Scenarios), "scenario"))
			return nil
		}),
	}
}

// versionLine returns what version and --version print.
func versionLine() string { return fmt.Sprintf("packetspec %s %s\n", version(), runtime.Version()) }
