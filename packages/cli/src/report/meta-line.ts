/** The line under every answer: how it came about and whether anything is missing. */

import type { Meta, SpeedMeta } from '@tributary/contract/shapes/meta';
import { span } from '@tributary/model/span';
import type { Range } from '../api-types.ts';
import { instant } from '../terminal/figures.ts';
import { printable } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';

export function metaLine(meta: Meta): string {
  const cut = meta.cut === null ? '' : ` cut ${instant(meta.cut)}`;
  return [
    `layer ${meta.view}`,
    `generation ${meta.generation}${cut}`,
    `pending ${meta.pending}`,
    lag(meta),
    completeness(meta),
    ...(meta.definitions === undefined ? [] : [`definitions ${meta.definitions}`]),
  ].join(' · ');
}

export function speedLine(meta: SpeedMeta): string {
  return [`layer ${meta.view}`, lag(meta), completeness(meta)].join(' · ');
}

/** Warnings are for people: on stderr, so that they show also when the data goes elsewhere. */
export function warnings(terminal: Terminal, meta: Pick<SpeedMeta, 'warnings'>, range?: Range): void {
  for (const warning of gathered(meta.warnings)) terminal.say(printable(`warning: ${withDays(warning, range)}`));
}

/** The API refers to a field of its answer. */
function withDays(warning: string, range: Range | undefined): string {
  if (range === undefined || !warning.endsWith(', see `range`')) return warning;
  const from = range.fromDay === null ? '' : ` from ${range.fromDay} 00:00 UTC`;
  const to = range.toDay === null ? '' : ` to ${range.toDay} 00:00 UTC`;
  return `${warning.slice(0, -', see `range`'.length)}:${from}${to}`;
}

/** One sentence for what holds of several partitions; it has the figures of the first. `--json` has each. */
export function gathered(sentences: readonly string[]): string[] {
  const groups = new Map<string, { readonly text: string; readonly partitions: string[] }>();
  for (const sentence of sentences) {
    const [, partition, text = sentence] = /^partition (\d+): (.*)$/s.exec(sentence) ?? [];
    const kind = partition === undefined ? sentence : text.replaceAll(FIGURE, '#');
    const group = groups.get(kind);
    if (group === undefined) groups.set(kind, { text, partitions: partition === undefined ? [] : [partition] });
    else if (partition !== undefined) group.partitions.push(partition);
  }
  return [...groups.values()].map(({ text, partitions: [first, ...more] }) => {
    if (first === undefined) return text;
    const others = more.length === 1 ? `partition ${more[0]}` : `partitions ${ranges(more.map(Number))}`;
    return `partition ${first}: ${text}${more.length === 0 ? '' : ` (also ${others})`}`;
  });
}

/** A number, or a span of time, whose units differ with its length. */
const FIGURE = /\d+(?:\.\d+)?(?: (?:ms|s|min|h|d)\b(?: \d+ (?:s|min|h)\b)?)?/g;

/** `1 to 3, 5, 6`. */
function ranges(numbers: readonly number[]): string {
  const runs: { first: number; last: number }[] = [];
  for (const number of numbers) {
    const run = runs.at(-1);
    if (run !== undefined && number === run.last + 1) run.last = number;
    else runs.push({ first: number, last: number });
  }
  return runs
    .map(({ first, last }) => (last === first ? `${first}` : `${first}${last === first + 1 ? ', ' : ' to '}${last}`))
    .join(', ');
}

function lag({ speed }: Pick<SpeedMeta, 'speed'>): string {
  return speed.lagMs === null ? 'lag unknown' : `lag ${span(speed.lagMs)}`;
}

function completeness({ complete }: Pick<SpeedMeta, 'complete'>): string {
  return complete ? 'complete' : 'INCOMPLETE';
}
