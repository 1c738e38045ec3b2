/** Entries of the feed: what one commit added to a partition's deltas, as commit.lua writes it. */
import { type Rows, type RowsByView, rowsOf } from '@tributary/views/deltas';
import type { PartitionState } from './port.ts';

/** What is known of one commit without its effects on users. */
export interface CommittedDeltas {
  readonly id: string;
  /** The commit that it was built upon; "": none. */
  readonly after: string;
  /** `definitions`: null when they stayed as they were. */
  readonly next: Omit<PartitionState, 'definitions'> & { readonly definitions: string | null };
  /** The generation that the rows are filed under. */
  readonly generation: number;
  readonly rows: RowsByView;
  readonly pending: number;
  readonly overflowed: number;
}

/** Reads an entry, rows of the `views` alone. null: it is not of this form, which nothing but a foreign writer explains. */
export function parseFeedEntry(entry: string, views: ReadonlySet<string>): CommittedDeltas | null {
  const tokens = entry.split('\n');
  const [
    id = '',
    after = '',
    position = '',
    logIdentity = '',
    logTime,
    generation,
    definitions,
    filed,
    pending,
    overflowed,
    count,
  ] = tokens;
  const rows: RowsByView = new Map();
  let at = 11;
  for (let view = Number(count); view > 0; view--) {
    const name = tokens[at] as string;
    const measures = Number(tokens[at + 1]);
    const end = at + 3 + Number(tokens[at + 2]) * (measures + 1);
    if (!(end <= tokens.length)) return null;
    if (views.has(name) && !readRows(tokens, at + 3, end, measures, rowsOf(rows, name))) return null;
    at = end;
  }
  const next = {
    position,
    logIdentity,
    logTimeMs: Number(logTime),
    generation: Number(generation),
    definitions: definitions === '' ? null : (definitions ?? null),
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
  const numbers = [next.logTimeMs, next.generation, committed.generation, committed.pending, committed.overflowed];
  return at === tokens.length && numbers.every(Number.isSafeInteger) ? committed : null;
}

function readRows(tokens: readonly string[], from: number, end: number, measures: number, rows: Rows): boolean {
  for (let at = from; at < end; at += measures + 1) {
    const row: number[] = [];
    for (let m = 1; m <= measures; m++) {
      const measure = Number(tokens[at + m]);
      if (!Number.isSafeInteger(measure)) return false;
      row.push(measure);
    }
    rows.set(tokens[at] as string, row);
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
