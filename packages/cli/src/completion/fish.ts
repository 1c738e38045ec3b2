import type { CommandNode, Grammar, OptionWord, Values } from './grammar.ts';

export function fishScript({ places, everywhere }: Grammar): string {
  const paths = places.slice(1).map(({ path }) => path);
  return `# Completion of tributary for fish: tributary completion fish | source
function __tributary_at
  set -l at
  for word in (commandline -opc)[2..-1]
    if contains -- "$at/$word" ${paths.join(' ')}
      set at "$at/$word"
    end
  end
  test "$at" = "$argv[1]"
end
complete -c tributary -f
${everywhere.map((option) => `complete -c tributary ${flag(option)}`).join('\n')}
${places.flatMap(linesOf).join('\n')}`;
}

function linesOf({ path, commands, options, argument }: CommandNode): string[] {
  const words = [
    ...commands.map(({ name, about }) => `-a ${name} -d ${quoted(about)}`),
    ...(commands.length > 0 || argument === 'any' ? [] : [taken(argument)]),
    ...options.map(flag),
  ];
  return words.map((word) => `complete -c tributary -n ${quoted(`__tributary_at ${quoted(path)}`)} ${word}`);
}

function flag({ name, about, values }: OptionWord): string {
  return `-l ${name.slice(2)} -d ${quoted(about)}${values === null ? '' : ` -r ${taken(values)}`}`;
}

function taken(values: Values): string {
  if (values === 'file') return '-F';
  return values === 'any' ? '-f' : `-f -a ${quoted(values.join(' '))}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
