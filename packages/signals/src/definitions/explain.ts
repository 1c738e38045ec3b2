/** What a definition says, in words, with every default that was left out. */
import type {
  AggregateDefinition,
  JoinDefinition,
  RatioPart,
  ResolvedDefinition,
  SegmentDefinition,
  Selector,
  Window,
} from '../resolved.ts';
import { durationText } from './duration.ts';
import type { SignalDefinition } from './read.ts';
import type { WrittenCount } from './schema.ts';
import { typesOf } from './selected.ts';

/** What a definition says, and whether members are counted by day. */
export function says({ resolved, byDay }: Pick<SignalDefinition, 'resolved' | 'byDay'>): string {
  return byDay === true ? `${explain(resolved)}; who entered and left is counted by day` : explain(resolved);
}

/** What definitions count over all users, as it is written. */
export function explainCount({ count, by, where }: WrittenCount): string {
  return `over all users and by day, how many ${events({ types: typesOf(count), where: where ?? null })} have each value of ${by}`;
}

/** One sentence without its period. */
export function explain(definition: ResolvedDefinition): string {
  switch (definition.kind) {
    case 'events':
      return `the last ${definition.count} ${events(definition.of)} of ${durationText(definition.ageMs)}, newest first, with ${definition.fields.join(', ')}`;
    case 'join':
      return joined(definition);
    case 'aggregate':
      return `${measured(definition)}, ${within(definition.window)}`;
    case 'ratio':
      return `${part(definition.of)} divided by ${part(definition.to)}, ${within(definition.window)}`;
    case 'session':
      return `the last ${definition.count} sessions that began within ${durationText(definition.ageMs)}: ${events(definition.of)} with less than ${durationText(definition.gapMs)} between one and the next`;
    case 'segment':
      return segment(definition);
  }
}

function events({ types, where }: Selector): string {
  const named =
    types === null ? 'events of any type' : `events of type ${types.map((type) => JSON.stringify(type)).join(' or ')}`;
  return where === null ? named : `${named} where ${where}`;
}

function within(window: Window): string {
  if (window.kind === 'session') return `in the session of "${window.session}" that is open`;
  const length = durationText(window.ms);
  if (window.kind === 'sawtooth')
    return `from the last whole ${durationText(window.hopMs)} in UTC at or before asOf − ${length} on`;
  return window.kind === 'sliding' ? `in [asOf − ${length}, asOf)` : `since the last whole ${length} in UTC`;
}

function joined({ of, fields, with: match, on, beforeMs, afterMs, only, count, ageMs }: JoinDefinition): string {
  const shown = (names: readonly string[]) => (names.length === 0 ? '' : `, with ${names.join(', ')}`);
  const equal = on.map(([name, other]) => (name === other ? name : `${name} as ${other}`)).join(' and ');
  const instant = (ms: number, side: string) => (ms === 0 ? 'its instant' : `${durationText(ms)} ${side} it`);
  const around = `from ${instant(beforeMs, 'before')} to ${instant(afterMs, 'after')}`;
  return [
    `the last ${count} ${events(of)} of ${durationText(ageMs)}, newest first${shown(fields)}`,
    `the match of each is the first of ${events(match.of)} with the same ${equal}, ${around}${shown(match.fields)}`,
    ...(only === null ? [] : [`only those with${only === 'matched' ? '' : 'out'} a match`]),
  ].join('; ');
}

function measured({ measure, of, field, k, halfLifeMs }: AggregateDefinition): string {
  const from = `of ${field} in ${events(of)}`;
  const halves = `halved with every ${durationText(halfLifeMs ?? 0)} of age`;
  const words: Readonly<Record<AggregateDefinition['measure'], string>> = {
    count: `how many ${events(of)}`,
    timeSince: `ms since the newest of ${events(of)}`,
    decayedCount: `how many ${events(of)}, each ${halves}`,
    decayedSum: `the sum ${from}, each ${halves}`,
    sum: `the sum ${from}`,
    min: `the smallest value ${from}`,
    max: `the largest value ${from}`,
    mean: `the mean ${from}`,
    variance: `the variance ${from}`,
    first: `the oldest value ${from}`,
    last: `the newest value ${from}`,
    distinct: `how many different values ${from}`,
    mostFrequent: `the most frequent value ${from}`,
    top: `the ${k} most frequent values ${from}, with their counts`,
  };
  return words[measure];
}

function part({ measure, of, field }: RatioPart): string {
  return measure === 'count' ? `how many ${events(of)}` : `the sum of ${field} in ${events(of)}`;
}

function segment({ enter, refresh, exit, absence, ttlMs }: SegmentDefinition): string {
  const ttl = durationText(ttlMs);
  const leaves = exit === null ? '' : `, or with an event where ${exit}`;
  if (absence !== null) {
    const { not, forMs } = absence;
    return `in once ${durationText(forMs)} have passed since the last event where ${enter}, without one where ${not}; out with the next such event, ${ttl} later${leaves}`;
  }
  const prolongs = refresh === null ? '' : ` or ${refresh}`;
  return `in from an event where ${enter}; out ${ttl} after the last event where that holds${prolongs}${leaves}`;
}
