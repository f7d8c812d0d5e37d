export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** Each asks the command itself, so that they never fall behind it. */
export const SCRIPTS: Record<Shell, string> = {
  bash: `# Completion of outrigger for bash: source <(outrigger completion bash)
_outrigger() {
  local candidate
  COMPREPLY=()
  while IFS= read -r candidate; do
    COMPREPLY+=("$candidate")
  done < <(outrigger __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _outrigger outrigger
`,
  zsh: `#compdef outrigger
# Completion of outrigger for zsh: source <(outrigger completion zsh)
_outrigger() {
  local -a candidates
  candidates=("\${(@f)$(outrigger __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${candidates[1]}" ]]; then
    compadd -- "\${candidates[@]}"
  else
    _files
  fi
}
compdef _outrigger outrigger
`,
  fish: `# Completion of outrigger for fish: outrigger completion fish | source
function __outrigger_complete
  set -l words (commandline -opc) (commandline -ct)
  outrigger __complete -- $words[2..-1] 2>/dev/null
end
complete -c outrigger -n 'test -n "$(__outrigger_complete)"' -f -a '(__outrigger_complete)'
`,
};
