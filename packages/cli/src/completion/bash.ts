/** Completion for bash from 3.2 on, which macOS has. */
import { type CommandNode, type Grammar, namesOf, placePattern, type Values, valuePatterns } from './grammar.ts';

export function bashScript(grammar: Grammar): string {
  return `# Completion of tributary for bash: eval "$(tributary completion bash)"
_tributary() {
  local word=\${COMP_WORDS[COMP_CWORD]} at= i words= options='${namesOf(grammar.everywhere)}' files=
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at/\${COMP_WORDS[i]}" in
      ${placePattern(grammar)}) at="$at/\${COMP_WORDS[i]}" ;;
    esac
  done
  case "$at \${COMP_WORDS[COMP_CWORD - 1]}" in
${valuePatterns(grammar)
  .map(([pattern, values]) => `    ${pattern}) ${taken(values)} ;;`)
  .join('\n')}
    *)
      case "$at" in
${grammar.places.map(placeCase).join('\n')}
      esac
      case "$word" in -*) words=$options files= ;; esac
      ;;
  esac
  if [ -n "$files" ]; then
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -f -- "$word"))
  else
    COMPREPLY=($(compgen -W "$words" -- "$word"))
  fi
}
complete -F _tributary tributary`;
}

function taken(values: Values): string {
  if (values === 'file') return 'files=yes';
  return values === 'any' ? ':' : `words='${values.join(' ')}'`;
}

function placeCase({ path, commands, options, argument }: CommandNode): string {
  const words = commands.length > 0 ? commands.map(({ name }) => name) : argument;
  return `        '${path}') ${taken(words)}; options="${namesOf(options)} $options" ;;`;
}
