package manual

import (
	"fmt"
	"strings"
)

// psQuote returns a text in single quotes as PowerShell reads it, where typographic quotes count too.
func psQuote(text string) string {
	return "'" + strings.NewReplacer("'", "''", "‘", "‘‘", "’", "’’").Replace(text) + "'"
}

// psList returns texts as an array.
func psList(texts []string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = psQuote(text)
	}
	return "@(" + strings.Join(quoted, ", ") + ")"
}

// powershell writes the script for PowerShell. Where it offers nothing, PowerShell itself offers files.
func (p *Program) powershell(b *strings.Builder) {
	b.WriteString(psBegin)
	for _, c := range p.helped() {
		fmt.Fprintf(b, "        %s = %s\n", psQuote(c.Short(p)), psQuote(c.Usage))
	}
	b.WriteString("    }\n    $arguments = @{\n")
	for _, c := range p.helped() {
		fmt.Fprintf(b, "        %s = %s\n", psQuote(c.Short(p)), psList(c.Words))
	}
	b.WriteString("    }\n    $flags = @{\n")
	for _, c := range p.helped() {
		fmt.Fprintf(b, "        %s = [ordered]@{\n", psQuote(c.Short(p)))
		for _, f := range c.Flags() {
			fmt.Fprintf(b, "            %s = %s\n", psQuote(f.Dashed()), psQuote(f.Usage))
		}
		b.WriteString("        }\n")
	}
	b.WriteString("    }\n    $values = @{\n")
	for _, c := range p.helped() {
		for _, f := range c.Flags() {
			if f.Value != "" {
				fmt.Fprintf(b, "        %s = %s\n", psQuote(c.Short(p)+" "+f.Dashed()), psList(f.Words))
			}
		}
	}
	b.WriteString(psEnd)
}

const psBegin = `# PowerShell completion for mailerlake: mailerlake completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName mailerlake -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $commands = [ordered]@{
`

const psEnd = `    }
    $words = @($commandAst.CommandElements | Where-Object { $_.Extent.StartOffset -lt $cursorPosition } | ForEach-Object { $_.ToString() })
    if ($wordToComplete -ne '') { $words = @($words | Select-Object -SkipLast 1) }
    $command = $words | Select-Object -Skip 1 | Where-Object { $_ -notlike '-*' } | Select-Object -First 1
    $before = ''
    $last = $wordToComplete
    $found = [ordered]@{}
    if (-not $command) {
        $found = $commands
    } elseif ($values.ContainsKey("$command $($words[-1])")) {
        $comma = $wordToComplete.LastIndexOf(',')
        $before = $wordToComplete.Substring(0, $comma + 1)
        $last = $wordToComplete.Substring($comma + 1)
        foreach ($value in $values["$command $($words[-1])"]) { $found[$value] = $value }
    } elseif ($flags.ContainsKey($command)) {
        foreach ($value in $arguments[$command]) { $found[$value] = $value }
        $found += $flags[$command]
    }
    foreach ($name in $found.Keys) {
        if ($name.StartsWith($last, [StringComparison]::OrdinalIgnoreCase)) {
            [System.Management.Automation.CompletionResult]::new("$before$name", $name, 'ParameterValue', $found[$name])
        }
    }
}
`
