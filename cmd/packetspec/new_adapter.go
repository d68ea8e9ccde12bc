package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/skeleton"
	"github.com/packetspec/packetspec/internal/hint"
	"github.com/packetspec/packetspec/internal/words"
)

func newNewAdapter() *cobra.Command {
	var language, format string
	cmd := &cobra.Command{
		Use: "new-adapter --lang LANG DIR", Short: "Write an adapter that is complete but for the calls of your implementation",
		Long: `Writes an adapter into the folder DIR, which must be empty or not exist. Its side of the
adapter protocol is complete and has tests. It needs the standard library alone. In one
file, a TODO stands where your implementation is called. Until then the adapter replies
that it does not support the command, and packetspec test skips the scenarios.

Exit status: 0 if it was written; 2 for a mistake in the command line, such as a folder
that is not empty; 4 if a file could not be written.`,
		Example: `  packetspec new-adapter --lang python my-adapter
  cd my-adapter && packetspec test --run ENC-1 -- python3 adapter.py`,
		Args: oneNewFolder,
		RunE: atOnce(func(cmd *cobra.Command, args []string) error {
			if err := oneOf("--format", format, "text", "json"); err != nil {
				return err
			}
			if language == "" {
				return hint.Add(fmt.Errorf("--lang is missing: it must be %s", words.Join(skeleton.Names(), "or")), "%s --lang python %s", cmd.CommandPath(), quoteWords(args...))
			}
			l, files, err := skeleton.Write(language, args[0])
			if errors.Is(err, skeleton.ErrWrite) {
				return &statusError{statusUnwritten, err}
			}
			if err != nil {
				return err
			}
			if format == "json" {
				return report.WriteJSON(cmd.OutOrStdout(), newAdapterResult{l.Name, args[0], files, l.Build, l.Run})
			}
			cmd.Printf("an adapter in %s is in %s: %s\n", l.Title, args[0], strings.Join(files, ", "))
			cmd.Printf("next, in that folder:\n")
			for _, build := range l.Build {
				cmd.Printf("  %s\n", build)
			}
			cmd.Printf("  %s test --run ENC-1 -- %s\n", self(), l.Run)
			cmd.Printf("README.md there says what to write next\n")
			return nil
		}),
	}
	cmd.Flags().StringVar(&language, "lang", "", "the `language` of the adapter: "+words.Join(skeleton.Names(), "or"))
	cmd.Flags().StringVar(&format, "format", "text", "text or json")
	_ = cmd.RegisterFlagCompletionFunc("lang", completeLanguage) // there is such a flag
	return cmd
}

// A newAdapterResult is the output of new-adapter as JSON; schema.json of package skeleton describes it.
type newAdapterResult struct {
	Language string   `json:"language"`
	Folder   string   `json:"folder"`
	Files    []string `json:"files"`
	Build    []string `json:"build"`
	Run      string   `json:"run"`
}

// oneNewFolder returns an error unless the one argument names a folder.
func oneNewFolder(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return hint.Add(errors.New("DIR is missing: it must name an empty folder, or one that does not exist"), "%s", cmd.UseLine())
	case len(args) > 1:
		return hint.Add(fmt.Errorf("DIR is given %d times: it must be given once", len(args)), "%s", cmd.UseLine())
	case args[0] == "":
		return emptyWord(cmd, "DIR")
	}
	return nil
}

func completeLanguage(_ *cobra.Command, _ []string, prefix string) (names []string, _ cobra.ShellCompDirective) {
	for _, l := range skeleton.Languages {
		if strings.HasPrefix(l.Name, prefix) {
			names = append(names, l.Name+"\t"+l.Title)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
