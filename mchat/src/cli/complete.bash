_clap_complete_{name}() {
    local words=() index=0 at= i word space=true
    # To bash an @ ends a word; here it begins a name.
    for ((i = 0; i < ${#COMP_WORDS[@]}; i++)); do
        word=${COMP_WORDS[i]}
        # Of the word under the cursor what is before it.
        if ((i == COMP_CWORD)) && [[ $word != @ ]]; then
            word=$2
        fi
        if ((i > 1)) && [[ ${words[${#words[@]} - 1]} == @ ]]; then
            words[${#words[@]} - 1]+=$word
        else
            words+=("$word")
        fi
        if ((i == COMP_CWORD)); then
            index=$((${#words[@]} - 1))
        fi
    done
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
    if [[ ${words[index]} == @* ]]; then
        COMPREPLY=("${COMPREPLY[@]#@}")
    fi
    if [[ $space == false && ${COMPREPLY-} =~ [=/:]$ ]]; then
        compopt -o nospace
    fi
}
if ((BASH_VERSINFO[0] > 4 || (BASH_VERSINFO[0] == 4 && BASH_VERSINFO[1] >= 4))); then
    complete -o nospace -o bashdefault -o nosort -F _clap_complete_{name} {bin}
else
    complete -o nospace -o bashdefault -F _clap_complete_{name} {bin}
fi
