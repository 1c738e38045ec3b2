import { type CommandNode, type Grammar, placePattern, type Values, valuePatterns, type Word } from './grammar.ts';

export function zshScript(grammar: Grammar): string {
  return `#compdef tributary
# Completion of tributary for zsh: eval "$(tributary completion zsh)"
_tributary() {
  local at= i
  local -a found everywhere
  for ((i = 2; i < CURRENT; i++)); do
    case "$at/\${words[i]}" in
      (${placePattern(grammar)}) at="$at/\${words[i]}" ;;
    esac
  done
  case "$at \${words[CURRENT-1]}" in
${valuePatterns(grammar)
  .map(([pattern, values]) => `    (${pattern}) ${offered(values)}; return ;;`)
  .join('\n')}
  esac
  everywhere=(${entries(grammar.everywhere)})
  case "$at" in
${grammar.places.map(placeCase).join('\n')}
  esac
}
if [ "\${funcstack[1]}" = _tributary ]; then _tributary "$@"; else compdef _tributary tributary; fi`;
}

function offered(values: Values): string {
  if (values === 'file') return '_files';
  return values === 'any' ? '_message value' : `compadd -- ${values.join(' ')}`;
}

function placeCase({ path, commands, options, argument }: CommandNode): string {
  const first = commands.length > 0 ? `found=(${entries(commands)}); _describe command found` : offered(argument);
  const flags = `found=(${entries(options)} $everywhere); _describe option found`;
  return `    ('${path}') if [[ \${words[CURRENT]} = -* ]]; then ${flags}; else ${first}; fi ;;`;
}

function entries(words: readonly Word[]): string {
  return words.map(({ name, about }) => `'${`${name}:${about}`.replaceAll("'", `'\\''`)}'`).join(' ');
}
