/**
 * The scripts that `completion bash|zsh|fish` prints. They hold no names: each asks `taskbell __complete`, so that
 * a script that was installed once knows the commands of the next version and the jobs of today.
 */

export type Shell = 'bash' | 'zsh' | 'fish';

export const SHELLS: readonly Shell[] = ['bash', 'zsh', 'fish'];

/** Bash splits words at `=` and `:`; the line is split anew, and what bash will not replace is cut off. */
const BASH = `# Completion of taskbell for bash. Install: taskbell completion bash > ~/.local/share/bash-completion/completions/taskbell
_taskbell() {
  local line="\${COMP_LINE:0:COMP_POINT}" current='' head='' reply quoted
  local -a words replies
  read -r -a words <<< "$line"
  while [[ \${#words[@]} -gt 1 && "\${words[0]}" != "\${COMP_WORDS[0]}" ]]; do words=("\${words[@]:1}"); done
  if [[ "$line" == *[[:space:]] ]]; then words+=(''); fi
  current="\${words[\${#words[@]}-1]}"
  mapfile -t replies < <("\${words[0]}" __complete -- "\${words[@]:1}" 2>/dev/null)
  COMPREPLY=()
  case "\${replies[0]-}" in
    :file) compopt -o default 2>/dev/null; return ;;
    :directory) compopt -o dirnames 2>/dev/null; return ;;
  esac
  if [[ "$COMP_WORDBREAKS" == *[=:]* && "$current" == *[=:]* ]]; then head="\${current%"\${current##*[=:]}"}"; fi
  for reply in "\${replies[@]}"; do
    reply="\${reply%%$'\\t'*}"
    printf -v quoted %q "\${reply#"$head"}"
    COMPREPLY+=("$quoted")
  done
}
complete -F _taskbell taskbell
`;

const ZSH = `#compdef taskbell
# Completion of taskbell for zsh. Install: taskbell completion zsh > a directory of $fpath, as _taskbell
_taskbell() {
  local -a replies candidates
  local reply tab=$'\\t'
  replies=("\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  case "\${replies[1]}" in
    :file) _files; return ;;
    :directory) _files -/; return ;;
  esac
  for reply in "\${replies[@]}"; do
    if [[ -n "$reply" ]]; then candidates+=("\${\${reply%%$tab*}//:/\\\\:}:\${reply#*$tab}"); fi
  done
  _describe taskbell candidates
}
if [[ "\${funcstack[1]}" == _taskbell ]]; then _taskbell "$@"; else compdef _taskbell taskbell; fi
`;

const FISH = `# Completion of taskbell for fish. Install: taskbell completion fish > ~/.config/fish/completions/taskbell.fish
function __taskbell_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for reply in (command $words[1] __complete -- $words[2..-1] "$current" 2>/dev/null)
        switch $reply
            case :file
                __fish_complete_path "$current"
            case :directory
                __fish_complete_directories "$current"
            case '*'
                echo $reply
        end
    end
end
complete -c taskbell -f -a '(__taskbell_complete)'
`;

const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };

export function shellScript(shell: Shell): string {
  return SCRIPTS[shell];
}
