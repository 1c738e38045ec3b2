/** Entries of the feed: what one commit added to a partition's deltas, as commit.lua writes it. */
import type { Integer } from '@tributary/model/integer';
import { type Rows, type RowsByView, rowsOf } from '@tributary/views/deltas';
import type { PartitionState } from '../speed-store.ts';
import { fromJsonMeasure } from './words.ts';

/** What is known of one commit without its effects on users. */
export interface CommittedDeltas {
  readonly id: string;
  /** The commit that it was built upon; "": none. */
  readonly after: string;
  /** `definitions`: null when they stayed as they were. */
  readonly next: Omit<PartitionState, 'definitions' | 'barriers'> & { readonly definitions: string | null };
  /** The generation that the rows are filed under. */
  readonly generation: number;
  readonly rows: RowsByView;
  readonly pending: number;
  readonly overflowed: number;
}

/** The state with a commit; `from`: barriers of older generations are left out. */
export function stateWith(before: PartitionState | null, { next, generation }: CommittedDeltas, from: number): PartitionState {
  const definitions = next.definitions ?? before?.definitions ?? '';
  const barriers = barriersWith(before?.barriers, next, generation, from);
  return { ...next, definitions, ...(barriers === undefined || barriers.size === 0 ? {} : { barriers }) };
}

/** The same object where no barrier is crossed: under a hold there may be thousands, and a follower sees every commit. */
function barriersWith(
  before: PartitionState['barriers'],
  next: CommittedDeltas['next'],
  generation: number,
  from: number,
): PartitionState['barriers'] {
  if (next.generation <= generation || next.position === null) return before;
  return new Map([...(before ?? []), [next.generation, next.position] as const].filter(([g]) => g >= from));
}

/** Reads an entry, rows of the `views` alone. null: it is not of this form, which nothing but a foreign writer explains. */
export function parseFeedEntry(entry: string, views: ReadonlySet<string>): CommittedDeltas | null {
  const tokens = entry.split('\n');
  // The last one is new: an older worker leaves it out.
  if (tokens.length !== 11 && tokens.length !== 12) return null;
  const [id, after, position, logIdentity, logTime, generation, definitions, filed, pending, overflowed, deltas, since] =
    tokens as [string, string, string, string, string, string, string, string, string, string, string, string?];
  const rows = readDeltas(deltas, views);
  if (rows === null) return null;
  const next = {
    position,
    logIdentity,
    logTimeMs: Number(logTime),
    generation: Number(generation),
    definitions: definitions === '' ? null : definitions,
    ...(since === undefined || since === '' ? {} : { definitionsSince: Number(since) }),
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

/** `[view, m measures, [row key, m × integer, …], …]`, integers as words.ts has them */
function readDeltas(json: string, views: ReadonlySet<string>): RowsByView | null {
  const flat = parsed(json);
  if (!Array.isArray(flat) || flat.length % 3 !== 0) return null;
  const rows: RowsByView = new Map();
  for (let v = 0; v < flat.length; v += 3) {
    const [name, measures, list] = flat.slice(v, v + 3);
    if (typeof name !== 'string' || !Number.isSafeInteger(measures) || !Array.isArray(list)) return null;
    if (views.has(name) && !readRows(list, measures, rowsOf(rows, name))) return null;
  }
  return rows;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
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

/** Whether the commits lead without a gap from the commit `from` to the commit `to`. */
export function isChain(commits: readonly Pick<CommittedDeltas, 'id' | 'after'>[], from: string, to: string): boolean {
  let last = from;
  for (const { id, after } of commits) {
    if (after !== last) return false;
    last = id;
  }
  return last === to;
}
