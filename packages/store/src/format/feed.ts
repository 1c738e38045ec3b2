/** Entries of the feed: what one commit added to a partition's deltas, as commit.lua writes it. */
import type { Integer } from '@tributary/model/integer';
import { type Rows, type RowsByView, rowsOf } from '@tributary/views/deltas';
import type { PartitionState } from '../speed-store.ts';
import { viewsMarkOf } from './commit-id.ts';
import { relayedFrom } from './state.ts';
import { fromJsonMeasure } from './words.ts';

/** What is known of one commit without its effects on users. */
export interface CommittedDeltas {
  readonly id: string;
  /** The commit that it was built upon; "": none. */
  readonly after: string;
  /** `definitions`: null when they stayed as they were. */
  readonly next: Omit<PartitionState, 'definitions' | 'barriers' | 'crossed'> & { readonly definitions: string | null };
  /** The generation that the rows are filed under. */
  readonly generation: number;
  readonly rows: RowsByView;
  readonly pending: number;
  readonly overflowed: number;
}

/** The state with a commit; `from`: barriers of older generations are left out. */
export function stateWith(before: PartitionState | null, commit: CommittedDeltas, from: number): PartitionState {
  const { id, after, next, generation } = commit;
  const definitions = next.definitions ?? before?.definitions ?? '';
  const isCrossing = next.generation > generation && next.position !== null;
  const barriers = isCrossing ? noted(before?.barriers, next.generation, next.position, from) : before?.barriers;
  const crossed = isCrossing ? newestOf(noted(before?.crossed, next.generation, next.relayed, from), next) : before?.crossed;
  // A feed does not repeat it, and a chain has one mark.
  const viewsSince = next.viewsSince ?? (viewsMarkOf(id) === viewsMarkOf(after) ? before?.viewsSince : undefined);
  return {
    ...next,
    definitions,
    ...(viewsSince === undefined ? {} : { viewsSince }),
    ...(barriers === undefined || barriers.size === 0 ? {} : { barriers }),
    ...(crossed === undefined || crossed.size === 0 ? {} : { crossed }),
  };
}

/** Called at a barrier alone: under a hold there may be thousands, and a follower sees every commit. */
function noted<T>(
  before: ReadonlyMap<number, T> | undefined,
  generation: number,
  said: T | undefined,
  from: number,
): ReadonlyMap<number, T> {
  const all = said === undefined ? [...(before ?? [])] : [...(before ?? []), [generation, said] as const];
  return new Map(all.filter(([g]) => g >= from));
}

/** Generations whose barriers are known with what was relayed up to there: with 64 partitions that is 8 KB or so each. As commit.lua. */
const CROSSED = 8;

function newestOf<T>(
  crossed: ReadonlyMap<number, T>,
  { generation, relayed }: CommittedDeltas['next'],
): ReadonlyMap<number, T | null> {
  if (relayed === undefined) return crossed;
  return new Map([...crossed].map(([g, said]) => [g, g <= generation - CROSSED ? null : said] as const));
}

/** Characters of the rows of an entry that are read at a turn: 2 ms or so. One row may be longer. */
const PIECE = 65_536;

/** Reads an entry, rows of the `views` alone. null: it is not of this form, which nothing but a foreign writer explains. */
export function parseFeedEntry(entry: string, views: ReadonlySet<string>): CommittedDeltas | null {
  const pieces = piecesOf(entry, views, PIECE);
  for (;;) {
    const { done, value } = pieces.next();
    if (done) return value;
  }
}

/**
 * The same of several entries, which may have many MiB: `pause` is awaited after some 64 KiB. null: one is not of this form. Rejects as
 * `pause` does. `passed`: characters read since the last pause, where several reads are one turn.
 */
export async function parseFeedEntries(
  entries: readonly string[],
  views: ReadonlySet<string>,
  pause: () => Promise<unknown>,
  { passed = { characters: 0 }, most = PIECE }: { readonly passed?: { characters: number }; readonly most?: number } = {},
): Promise<CommittedDeltas[] | null> {
  const commits: CommittedDeltas[] = [];
  for (const entry of entries) {
    const pieces = piecesOf(entry, views, most);
    let piece = pieces.next();
    for (; !piece.done; piece = pieces.next()) {
      passed.characters += piece.value;
      if (passed.characters < most) continue;
      passed.characters = 0;
      await pause();
    }
    if (piece.value === null) return null;
    commits.push(piece.value);
  }
  return commits;
}

/** Reads an entry, and yields after each piece how many characters it had. */
function* piecesOf(entry: string, views: ReadonlySet<string>, most: number): Generator<number, CommittedDeltas | null> {
  const tokens = entry.split('\n');
  // An older worker leaves out the twelfth; the last one is there where keys are joined.
  if (tokens.length < 11 || tokens.length > 13) return null;
  const [id, after, position, logIdentity, logTime, generation, definitions, filed, pending, overflowed, deltas, since, relayed] =
    tokens as [string, string, string, string, string, string, string, string, string, string, string, string?, string?];
  yield entry.length - deltas.length;
  const rows = yield* readDeltas(deltas, views, most);
  if (rows === null) return null;
  const next = {
    position,
    logIdentity,
    logTimeMs: Number(logTime),
    generation: Number(generation),
    definitions: definitions === '' ? null : definitions,
    ...(since === undefined || since === '' ? {} : { definitionsSince: Number(since) }),
    ...(relayed === undefined ? {} : { relayed: relayedFrom(relayed) }),
  };
  const committed = {
    id,
    after,
    next,
    generation: Number(filed),
    rows,
    pending: Number(pending),
    overflowed: Number(overflowed),
  };
  const numbers = [
    next.logTimeMs,
    next.generation,
    next.definitionsSince ?? 0,
    committed.generation,
    committed.pending,
    committed.overflowed,
  ];
  return numbers.every(Number.isSafeInteger) ? committed : null;
}

/**
 * `[view, m measures, [row key, m × integer, …], …]`, integers as words.ts has them, without spaces, as JSON.stringify writes it. Where a row
 * ends is found here, and what some rows say by JSON.parse.
 */
function* readDeltas(json: string, views: ReadonlySet<string>, most: number): Generator<number, RowsByView | null> {
  const rows: RowsByView = new Map();
  if (json === '[]') return rows;
  for (let at = 0; ; ) {
    if (json[at] !== (at === 0 ? '[' : ',')) return null;
    const list = json.indexOf('[', afterText(json, at + 1));
    const [name, measures, ...more] = listOf(json.slice(at + 1, list - 1)) ?? [];
    if (typeof name !== 'string' || !Number.isSafeInteger(measures) || Number(measures) < 0 || more.length > 0) return null;
    if (json[list - 1] !== ',') return null;
    const taken = views.has(name) ? rowsOf(rows, name) : null;
    let from = list + 1;
    for (let isLast = json[from] === ']'; !isLast; ) {
      const end = endOfRows(json, from, most);
      if (end < 0) return null;
      isLast = json[end] === ']';
      const some = listOf(json.slice(from, end));
      if (some === null || (taken !== null && !readRows(some, Number(measures), taken))) return null;
      yield end - from;
      from = isLast ? end : end + 1;
    }
    at = from + 1;
    if (json[at] === ']') return at + 1 === json.length ? rows : null;
  }
}

const [QUOTE, COMMA, OPEN, ESCAPE, CLOSE] = [0x22, 0x2c, 0x5b, 0x5c, 0x5d];

/** Where the list ends, or else the first row after `most` characters, before its comma; -1: neither is there. */
function endOfRows(json: string, from: number, most: number): number {
  let depth = 0;
  for (let at = afterText(json, from); at > 0 && at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === OPEN) depth++;
    else if (code === CLOSE && --depth < 0) return at;
    else if (code === QUOTE) {
      if (at - from >= most) return json.charCodeAt(at - 1) === COMMA ? at - 1 : -1;
      at = afterText(json, at) - 1;
      if (at < 0) return -1;
    }
  }
  return -1;
}

/** Where the text that begins with a quotation mark at `from` is over; -1: there is none. */
function afterText(json: string, from: number): number {
  if (json.charCodeAt(from) !== QUOTE) return -1;
  for (let at = json.indexOf('"', from + 1); at > 0; at = json.indexOf('"', at + 1)) {
    let escapes = 0;
    while (json.charCodeAt(at - 1 - escapes) === ESCAPE) escapes++;
    if (escapes % 2 === 0) return at + 1;
  }
  return -1;
}

/** null: this is not what a list of JSON holds. */
function listOf(json: string): unknown[] | null {
  try {
    return JSON.parse(`[${json}]`);
  } catch {
    return null;
  }
}

function readRows(list: readonly unknown[], measures: number, rows: Rows): boolean {
  const width = measures + 1;
  if (list.length % width !== 0) return false;
  for (let at = 0; at < list.length; at += width) {
    const key = list[at];
    const row = list.slice(at + 1, at + width).map(fromJsonMeasure);
    if (typeof key !== 'string' || row.includes(null)) return false;
    rows.set(key, row as Integer[]);
  }
  return true;
}

/** Whether the commits lead without a gap from the commit `from` to the commit `to`, and are of workers that count the same views. */
export function isChain(commits: readonly Pick<CommittedDeltas, 'id' | 'after'>[], from: string, to: string): boolean {
  let last = from;
  for (const { id, after } of commits) {
    if (after !== last || viewsMarkOf(id) !== viewsMarkOf(last)) return false;
    last = id;
  }
  return last === to;
}
