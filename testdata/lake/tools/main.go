// Command tools prints the directory of the tools that the tests of this module use.
package main

import (
	"fmt"

	"mailerlake/testdata/lake/servers"
)

func main() { fmt.Println(servers.Tools()) }
