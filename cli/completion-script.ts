/**
 * Written for bash 3.2, which macOS has. Bash cuts words at `:` and `=`, which are in images and options, so the line is cut here, at spaces; and what
 * stands before the last such character is taken off the answers again, because bash has it already.
 */
const BASH = `_gcr_warden() {
  local line="\${COMP_LINE:0:COMP_POINT}" kind='' word current cut=''
  local -a words
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  current="\${words[\${#words[@]}-1]}"
  [[ $COMP_WORDBREAKS == *:* && $current == *:* ]] && cut="\${current%"\${current##*:}"}"
  [[ $COMP_WORDBREAKS == *=* && $current == *=* ]] && cut="\${current%"\${current##*=}"}"
  COMPREPLY=()
  while IFS=$'\\t' read -r word _; do
    case "$word" in
      :files) kind=-f ;;
      :folders) kind=-d ;;
      "$current"*) [[ -n $word ]] && COMPREPLY+=("\${word#"$cut"}") ;;
    esac
  done < <(gcr-warden __complete -- "\${words[@]:1}" 2>/dev/null)
  [[ -z $kind ]] && return
  compopt -o filenames 2>/dev/null
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen "$kind" -- "$current")
}
complete -F _gcr_warden gcr-warden
`;

const ZSH = `#compdef gcr-warden
_gcr_warden() {
  local -a lines candidates
  local line
  lines=("\${(@f)$(gcr-warden __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  case "\${lines[1]}" in
    :files) _files; return ;;
    :folders) _files -/; return ;;
  esac
  for line in "\${lines[@]}"; do
    [[ -n $line ]] && candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  _describe gcr-warden candidates
}
if [[ \${zsh_eval_context[-1]} == loadautofunc ]]; then _gcr_warden "$@"; else compdef _gcr_warden gcr-warden; fi
`;

const FISH = `function __gcr_warden
  set -l words (commandline -opc)[2..] (commandline -ct)
  set -l reply (gcr-warden __complete -- $words 2>/dev/null)
  switch "$reply[1]"
    case :files
      __fish_complete_path (commandline -ct)
    case :folders
      __fish_complete_directories (commandline -ct) ''
    case '*'
      printf '%s\\n' $reply
  end
end
complete -c gcr-warden -f -a '(__gcr_warden)'
`;

/** What makes a shell ask `gcr-warden __complete`, by the shell's name. */
export const COMPLETION_SCRIPTS = { bash: BASH, zsh: ZSH, fish: FISH } as const;
