# Completion for bash. The program is asked what may stand here; its answer is shown, never run.
_researchloop() {
    local at word cut value about joins='' words=() values=() abouts=()
    # bash splits words at = and : as well; the program does not.
    for ((at = 0; at <= COMP_CWORD; at++)); do
        word=${COMP_WORDS[at]}
        if ((at == COMP_CWORD)) && [[ $word != [=:]* ]]; then word=$2; fi
        if ((at > 0)) && [[ -n $joins || $word == [=:]* ]]; then
            words[${#words[@]} - 1]+=$word
        else
            words+=("$word")
        fi
        joins=''
        if [[ $word == *[=:] ]]; then joins=1; fi
    done
    cut=${words[${#words[@]} - 1]}
    cut=${cut%"$2"}
    while IFS=$'\t' read -r value about; do
        values+=("${value#"$cut"}")
        abouts+=("$about")
    done < <(RESEARCHLOOP_COMPLETE=1 researchloop -- "${words[@]}" 2>/dev/null)
    COMPREPLY=(${values[@]+"${values[@]}"})
    if ((${#values[@]} == 1)); then
        if [[ ${values[0]} == *[=/] ]]; then compopt -o nospace 2>/dev/null; fi
    elif [[ $COMP_TYPE == 63 || $COMP_TYPE == 33 || $COMP_TYPE == 64 ]]; then
        # What is only listed may say more: what each id is.
        for at in ${values[@]+"${!values[@]}"}; do
            if [[ ${values[at]} == *-[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f] ]]; then
                word="${values[at]}  ${abouts[at]}"
                COMPREPLY[at]=${word:0:${COLUMNS:-80} - 2}
            fi
        done
    fi
}
complete -o nosort -F _researchloop researchloop 2>/dev/null ||
    complete -F _researchloop researchloop
