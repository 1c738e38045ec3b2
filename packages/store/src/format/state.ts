import type { KeptRecords } from '@tributary/views/record';
import type { PartitionState, Relayed, RelayingState, StatusState, Watched } from '../speed-store.ts';
import { viewsMarkOf } from './commit-id.ts';

/** The state hash as a `PartitionState`; null when the hash does not exist. */
export function stateFrom(fields: Readonly<Record<string, string>>): PartitionState | null {
  if (fields['position'] === undefined) return null;
  const barriers = byGeneration(BARRIER, fields, (position) => position);
  const crossed = byGeneration(CROSSED, fields, (text) => (text === FORGOTTEN ? null : relayedFrom(text)));
  return {
    position: fields['position'],
    logIdentity: fields['logIdentity'] ?? '',
    logTimeMs: Number(fields['logTimeMs'] ?? 0),
    generation: Number(fields['generation'] ?? 0),
    definitions: fields['definitions'] ?? '',
    ...sinceOf(fields),
    ...viewsOf(fields),
    ...(barriers && { barriers }),
    ...(crossed && { crossed }),
    ...(fields['cutTs'] === undefined ? {} : { cutTs: Number(fields['cutTs']) }),
    ...keptOf(fields),
    ...(fields['relayed'] === undefined ? {} : { relayed: relayedFrom(fields['relayed']) }),
    ...(fields['erased'] === undefined ? {} : { erased: erasedFrom(fields['erased']) }),
    ...watchedOf(fields),
  };
}

/** With what retirement noted beside it. */
export function statusFrom(fields: Readonly<Record<string, string>>): StatusState | null {
  const state = stateFrom(fields);
  if (state === null) return null;
  const { removed, lettersWithout } = fields;
  return {
    ...state,
    ...(removed === undefined ? {} : { deltasFrom: Number(removed) }),
    ...(lettersWithout === undefined ? {} : { lettersWithout: Number(lettersWithout) }),
  };
}

/** `mark generation:name,name generation:name`: what a worker counts, with the mark of its commits. The map must not be changed afterwards. */
export function viewsText(views: ReadonlyMap<string, number>, commitId: string): string {
  return viewsMarkOf(commitId) + groupsText(views);
}

/** Each commit of a partition has the same map: putting its text together costs more than the rest of a small commit's state. */
const groupsTexts = new WeakMap<ReadonlyMap<string, number>, string>();

function groupsText(views: ReadonlyMap<string, number>): string {
  const known = groupsTexts.get(views);
  if (known !== undefined) return known;
  const groups = Map.groupBy(views, ([, since]) => since);
  const text = [...groups].map(([since, named]) => ` ${since}:${named.map(([name]) => name).join(',')}`).join('');
  groupsTexts.set(views, text);
  return text;
}

/** Where its mark is not the newest commit's, it was left there by a worker that counts others, or does not say what it counts. */
function viewsOf({ views = '', commit = '' }: Readonly<Record<string, string>>): Pick<PartitionState, 'viewsSince'> {
  const [mark, ...groups] = views.split(' ');
  if (mark === '' || mark !== viewsMarkOf(commit)) return {};
  const since = groups.flatMap((group) => {
    const [generation, names = ''] = group.split(':');
    return names.split(',').map((name) => [name, Number(generation)] as const);
  });
  return { viewsSince: new Map(since) };
}

const NO_ERASED = '-';

/** Each commit of a partition has the same list until a user is erased or lifted: 10 000 digests are joined in 0.3 ms. */
const erasedTexts = new WeakMap<readonly string[], string>();

/** Never empty: what is empty is as stored. The list must not be changed afterwards. */
export function erasedText(erased: readonly string[]): string {
  if (erased.length === 0) return NO_ERASED;
  const known = erasedTexts.get(erased);
  if (known !== undefined) return known;
  const text = erased.join(',');
  erasedTexts.set(erased, text);
  return text;
}

function erasedFrom(text: string): string[] {
  return text === NO_ERASED ? [] : text.split(',');
}

export function watchedText({ key, sinceMs, isWhole, fellFromMs, falls = 1, leapt }: Watched): string {
  const fell = falls === 1 ? `${fellFromMs}` : `${fellFromMs}:${falls}`;
  const ahead = leapt === undefined ? '' : ` leapt:${leapt.ms}:${leapt.toMs}`;
  return `${key} ${sinceMs} ${isWhole ? 1 : 0}${fellFromMs === undefined ? '' : ` fell:${fell}`}${ahead}`;
}

/**
 * A version that does not know of falls, or of leaps, takes it for a part of the commit's id, and begins again. Behind the falls an older version has what
 * was still to be taken back, of which segments: its definitions changed before every user was looked at.
 */
const WATCHED = /^(\S+) (\d+) ([01]) (?:fell:(\d+)(?::(\d+)(?::\S+)?)? )?(?:leapt:(\d+):(\d+) )?(.*)$/s;
/** In place of the key: no segments are defined. */
export const NO_SEGMENTS = '-';

/** `key since whole [fell:from[:falls]] [leapt:ms:to] commit`: of another commit it was left there by a worker that does not follow members. */
export function watchedOf({
  watched = '',
  commit,
}: Readonly<Record<string, string>>): Pick<PartitionState, 'watched' | 'wasWatched'> {
  const [, key, since, whole, fell, falls, leaptMs, leaptToMs, of] = WATCHED.exec(watched) ?? [];
  if (key === undefined) return {};
  const fellFrom = fell === undefined ? {} : { fellFromMs: Number(fell) };
  const more = falls === undefined ? {} : { falls: Number(falls) };
  const ahead = leaptMs === undefined ? {} : { leapt: { ms: Number(leaptMs), toMs: Number(leaptToMs) } };
  if (of === commit) return { watched: { key, sinceMs: Number(since), isWhole: whole === '1', ...fellFrom, ...more, ...ahead } };
  // Where all is forgotten that there was, nothing is left.
  return key === NO_SEGMENTS && whole === '1' ? {} : { wasWatched: true };
}

/** The fields of the state that say what records hold. */
export const KEPT_FIELDS = ['logTimeMs', 'cutTs', 'kept', 'rewritten', 'commit', 'position'] as const;

/** With what is said of messages between keys. */
export const RELAYING_FIELDS = [...KEPT_FIELDS, 'relayed'] as const;

/** In the order of `KEPT_FIELDS`, and more behind them; null where the hash has none. */
export type KeptValues = readonly (string | null | undefined)[];

export function keptField(values: KeptValues, name: (typeof KEPT_FIELDS)[number]): string | null | undefined {
  return values[KEPT_FIELDS.indexOf(name)];
}

export function keptFrom(values: KeptValues): KeptRecords | null {
  if (keptField(values, 'position') == null) return null;
  const cutTs = keptField(values, 'cutTs');
  return {
    logTimeMs: Number(keptField(values, 'logTimeMs') ?? 0),
    ...(cutTs == null ? {} : { cutTs: Number(cutTs) }),
    ...keptOf({ kept: keptField(values, 'kept') ?? '', commit: keptField(values, 'commit') ?? '' }),
  };
}

/**
 * The commit that rewrote a record last. The field has a line with its id, and one with the id of the newest commit then. undefined: a worker of a version
 * that does not write the field committed since.
 */
export function rewrittenFrom(values: KeptValues): string | undefined {
  const rewritten = keptField(values, 'rewritten');
  const ends = rewritten?.indexOf('\n') ?? -1;
  return ends > 0 && rewritten?.slice(ends + 1) === keptField(values, 'commit') ? rewritten?.slice(0, ends) : undefined;
}

/** Both lists of numbers, as one word each. */
export function relayedText({ sent, applied }: Relayed): string {
  return `${sent.join(',')} ${applied.join(',')}`;
}

/** What the fields `position` and `relayed` say. */
/** Reads the values of `RELAYING_FIELDS`. */
export function relayingFrom(values: readonly (string | null)[]): RelayingState | null {
  const kept = keptFrom(values);
  if (kept === null) return null;
  const relayed = values.at(-1) ?? null;
  return { position: keptField(values, 'position') ?? '', ...kept, ...(relayed !== null && { relayed: relayedFrom(relayed) }) };
}

export function relayedFrom(text: string): Relayed {
  const [sent = '', applied = ''] = text.split(' ');
  const numbers = (list: string) => (list === '' ? [] : list.split(','));
  return { sent: numbers(sent), applied: numbers(applied) };
}

/** `ms commit`: of another commit it was left there by a worker that does not know it. */
function keptOf({ kept = '', commit }: Readonly<Record<string, string>>): { keptMs?: number } {
  const space = kept.indexOf(' ');
  return space > 0 && kept.slice(space + 1) === commit ? { keptMs: Number(kept.slice(0, space)) } : {};
}

/** `since generation`: of another generation it was left there by a worker that does not know it. */
function sinceOf({ definitionsSince = '', generation }: Readonly<Record<string, string>>): { definitionsSince?: number } {
  const [since, of] = definitionsSince.split(' ');
  return of !== undefined && of === generation ? { definitionsSince: Number(since) } : {};
}

const BARRIER = 'barrier:';
const CROSSED = 'crossed:';
const FORGOTTEN = '-';

/** What fields say that are named by generation; undefined: there are none. */
function byGeneration<T>(prefix: string, fields: Readonly<Record<string, string>>, read: (text: string) => T) {
  const said = new Map<number, T>();
  for (const [name, text] of Object.entries(fields))
    if (name.startsWith(prefix)) said.set(Number(name.slice(prefix.length)), read(text));
  return said.size === 0 ? undefined : said;
}

const GAP = 'gap:';

/** The generations of `[from, before)` that a partition went through, ascending: others have no deltas. As read-deltas.lua. */
export function generationsBetween(
  fields: Readonly<Record<string, string>>,
  from: number,
  before = Number.POSITIVE_INFINITY,
): number[] {
  const stop = Math.min(before, Number(fields['generation'] ?? 0) + 1);
  const after = new Map<number, number>();
  let g = from;
  for (const [name, value] of Object.entries(fields)) {
    if (!name.startsWith(GAP)) continue;
    const [last, next] = [Number(name.slice(GAP.length)), Number(value)];
    after.set(last, next);
    if (last < from && from < next) g = next;
  }
  const generations: number[] = [];
  for (; g < stop; g = after.get(g) ?? g + 1) generations.push(g);
  return generations;
}
