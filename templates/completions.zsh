#compdef forgectl
# What can stand at the cursor is asked of forgectl: it reads the manifest named on the line, and its own books.
_forgectl() {
    local -a ended open
    local line value entry
    for line in "${(@f)$(command forgectl __complete zsh $((CURRENT - 1)) "${(@Q)words}" 2>/dev/null)}"; do
        value=${line%%$'\t'*}
        [[ -n $value ]] || continue
        entry=${${value//\\/\\\\}//:/\\:}
        [[ $line == *$'\t'?* ]] && entry+=:${line#*$'\t'}
        if [[ $value == *[/:=] ]]; then
            open+=($entry)
        else
            ended+=($entry)
        fi
    done
    if (( $#ended + $#open )); then
        _describe -V forgectl ended -- open -S ''
    else
        _files
    fi
}
# It is read as a file of completions at the first use, or by the shell as it starts.
if [[ $funcstack[1] == _forgectl ]]; then
    _forgectl "$@"
else
    compdef _forgectl forgectl
fi
