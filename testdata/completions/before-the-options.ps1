
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'rollstamp' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'rollstamp'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $words = @(foreach ($element in $commandElements) {
        if ($element.Extent.EndOffset -ge $cursorPosition) { break }
        if ($element -is [StringConstantExpressionAst]) { $element.Value } else { $element.Extent.Text }
    })
    if ($words.Count -gt 2 -and $words[-1] -ceq '--workload') {
        $before = $words[1..($words.Count - 1)]
        return @(rollstamp complete-workloads @before 2>$null).Where{ $_ -like "$wordToComplete*" }.ForEach{
            [CompletionResult]::new($_, $_, [CompletionResultType]::ParameterValue, $_)
        }
    }

