// Command mechanical judges what gremlins, a tool that makes mutants of Go code, found
// about the reference when the features alone were to find them:
//
//	mechanical RESULTS.json SURVIVORS.txt SOURCE-FOLDER
//
// A mutant that survives is a hole in the features, or stands in the list of survivors
// with the reason why no feature can find it. An entry of the list that is found, or is
// there no more, is a mistake too. The exit status is 1 for either.
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: mechanical RESULTS.json SURVIVORS.txt SOURCE-FOLDER")
		os.Exit(2)
	}
	ok, err := judge(os.Stdout, os.Args[1], os.Args[2], os.Args[3])
	if err != nil {
		fmt.Fprintln(os.Stderr, "mechanical:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}
