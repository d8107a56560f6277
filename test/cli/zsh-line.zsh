# Types a line and Tab into a real interactive zsh and prints what the line has become.
# Arguments: the shell, the completion script, the line; and what sets its paths up, where it is not installed.
eval "$4"
zmodload zsh/zpty || exit 9
zpty z "$1 -f -i"
zpty -w z "$4; PROMPT=; unsetopt beep; autoload -Uz compinit; compinit -D -u; source $2; told() { print -r -- \"<<\$BUFFER>>\"; BUFFER=; }; zle -N told; bindkey '^T' told; print RE''ADY"
zpty -r -m z out '*READY*'
zpty -w -n z "$3"$'\t'$'\x14'
zpty -r -m z out '*<<*>>*'
print -r -- "${${out##*<<}%%>>*}"
zpty -d z
