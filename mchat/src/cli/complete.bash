_clap_complete_{name}() {
    local words=() index=0 last=-1 i space=true
    # To bash an @ ends a word; here it begins a name.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        if ((last > 0)) && [[ ${words[last]} == @ ]]; then
            words[last]+=${COMP_WORDS[i]}
        else
            words+=("${COMP_WORDS[i]}")
            last=$((last + 1))
        fi
    done
    # Of the word under the cursor what is before it; bash replaces all of that.
    words[last]=$2
    index=$last
    if compopt +o nospace 2>/dev/null; then
        space=false
    fi
    IFS=$'\013' read -r -d '' -a COMPREPLY < <(
        _CLAP_IFS=$'\013' \
        _CLAP_COMPLETE_INDEX="$index" \
        _CLAP_COMPLETE_COMP_TYPE="$COMP_TYPE" \
        _CLAP_COMPLETE_SPACE="$space" \
        {var}="bash" \
        {completer} -- "${words[@]}" 2>/dev/null
    )
    if [[ $space == false && ${COMPREPLY-} =~ [=/:]$ ]]; then
        compopt -o nospace
    fi
}
if ((BASH_VERSINFO[0] > 4 || (BASH_VERSINFO[0] == 4 && BASH_VERSINFO[1] >= 4))); then
    complete -o nospace -o bashdefault -o nosort -F _clap_complete_{name} {bin}
else
    complete -o nospace -o bashdefault -F _clap_complete_{name} {bin}
fi
