/** What may be typed at each place of the command line, from the table of commands: the scripts of all shells say the same. */
import { MODEL_NAMES } from '@tributary/attribution/models/catalogue';
import type { Command, Option } from 'commander';
import { FORMATS } from '../report/record-output.ts';

/** `any`: a text of the user's own. */
export type Values = readonly string[] | 'file' | 'any';

export interface Word {
  readonly name: string;
  readonly about: string;
}

export interface OptionWord extends Word {
  /** null: it takes no value. */
  readonly values: Values | null;
}

export interface CommandNode {
  /** `/attribution/report`; empty: the program itself. */
  readonly path: string;
  readonly commands: readonly Word[];
  readonly options: readonly OptionWord[];
  /** The first argument where there are no commands. */
  readonly argument: Values;
}

export interface Grammar {
  readonly places: readonly CommandNode[];
  /** Options that may stand behind every command. */
  readonly everywhere: readonly OptionWord[];
}

/** The values of options whose help alone says them. */
const VALUES: Readonly<Record<string, Values>> = {
  '--format <name>': FORMATS,
  '--layer <name>': ['merged', 'speed', 'batch', 'staged'],
  '--value <which>': ['conversions', 'revenue', 'both'],
  '--sort <measure>': ['conversions', 'value'],
  '--topic <name>': ['events', 'outputs'],
  '--model <name>': MODEL_NAMES,
  '--model <names>': MODEL_NAMES,
  '--models <names>': ['all', ...MODEL_NAMES],
  '--baseline <name>': MODEL_NAMES,
  '--sort <figure>': ['conversions', 'value', 'cost', 'touches'],
  '--by <dimensions>': ['channel', 'campaign', 'day', 'week', 'month', 'type', 'currency'],
  '--against <window>': ['previous'],
};

export function grammarOf(program: Command): Grammar {
  const [version, everywhere] = [true, false].map((is) => program.options.filter(({ long }) => (long === '--version') === is));
  return {
    places: placesOf(program, '').map((place) => (place.path === '' ? { ...place, options: wordsOf(version ?? []) } : place)),
    everywhere: [...wordsOf(everywhere ?? []), { name: '--help', about: 'what there is', values: null }],
  };
}

function placesOf(command: Command, path: string): CommandNode[] {
  return [
    {
      path,
      commands: command.commands.map((child) => ({ name: child.name(), about: child.description() })),
      options: wordsOf(command.options),
      argument: argumentOf(command),
    },
    ...command.commands.flatMap((child) => placesOf(child, `${path}/${child.name()}`)),
  ];
}

function wordsOf(options: readonly Option[]): OptionWord[] {
  return options.flatMap((option) =>
    option.hidden || option.long == null
      ? []
      : [{ name: option.long, about: option.description, values: option.required ? valuesOf(option) : null }],
  );
}

function valuesOf({ flags, argChoices }: Option): Values {
  return argChoices ?? VALUES[flags] ?? (/<(?:file|dir)>$/.test(flags) ? 'file' : 'any');
}

function argumentOf({ registeredArguments: [first] }: Command): Values {
  return first?.argChoices ?? (first?.name() === 'file' ? 'file' : 'any');
}

/** What follows an option, as patterns of `PLACE OPTION` that bash and zsh read: those with the same values together. */
export function valuePatterns({ places, everywhere }: Grammar): (readonly [pattern: string, values: Values])[] {
  const pairs = [
    ...everywhere.map((option) => [`*' ${option.name}'`, option.values] as const),
    ...places.flatMap(({ path, options }) => options.map(({ name, values }) => [`'${path} ${name}'`, values] as const)),
  ].flatMap(([pattern, values]) => (values === null ? [] : [{ pattern, values }]));
  const groups = Map.groupBy(pairs, ({ values }) => String(values));
  return [...groups.values()].map((group) => [group.map(({ pattern }) => pattern).join('|'), group[0]?.values ?? 'any']);
}

/** `/dev|/start|…`: all places but the program itself. */
export function placePattern({ places }: Grammar): string {
  return places
    .slice(1)
    .map(({ path }) => path)
    .join('|');
}

export function namesOf(words: readonly Word[]): string {
  return words.map(({ name }) => name).join(' ');
}
