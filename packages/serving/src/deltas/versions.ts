/**
 * How the deltas in memory came to be what they are: a chain of versions, each leading to the next by a change. Rows add up, so whatever was
 * computed at one version is brought to another by adding the changes in between, or taking them away. The chain is held by the answers that
 * refer to it: versions that no answer needs are collected.
 */
import { TributaryError } from '@tributary/model/errors';
import type { RowsByView } from '@tributary/views/deltas';
import type { Question } from '../merge.ts';
import type { SignedRows } from './held-rows.ts';

export interface Version {
  /** Versions of one chain lead to each other; a chain ends where everything was forgotten. */
  readonly chain: number;
  readonly number: number;
  /** Rows that all changes up to here were made of. */
  readonly changedRows: number;
  /** What leads to the next version; null: this is the newest. */
  next: { readonly change: Change; readonly version: Version } | null;
}

export interface Change {
  readonly partition: number;
  readonly generation: number;
  /** They do not change any more. */
  readonly rows: RowsByView;
  /** -1: the rows left the memory. */
  readonly sign: 1 | -1;
}

export function firstVersion(): Version {
  return { chain: 0, number: 0, changedRows: 0, next: null };
}

/** The version after `newest`, which leads to it; the same where no row changed. */
export function changedTo(newest: Version, change: Change): Version {
  let size = 0;
  for (const rows of change.rows.values()) size += rows.size;
  if (size === 0) return newest;
  const { chain, number, changedRows } = newest;
  const version: Version = { chain, number: number + 1, changedRows: changedRows + size, next: null };
  newest.next = { change, version };
  return version;
}

/**
 * The changes after the version `from` up to `to` of the rows that a question looks at, of the deltas of `generation` and later ones; of one
 * partition alone where it is named.
 */
export function* changesOf(
  question: Question,
  generation: number,
  from: Version,
  to: Version,
  only?: number,
): Generator<SignedRows> {
  for (let version = from; version.number < to.number; ) {
    const { next } = version;
    if (next === null) throw gone(`version ${to.number}`);
    const { change } = next;
    const isAsked = change.generation >= generation && (only ?? change.partition) === change.partition;
    const rows = isAsked ? change.rows.get(question.view.name) : undefined;
    if (rows !== undefined) yield { rows, sign: change.sign };
    version = next.version;
  }
}

export function gone(what: string): TributaryError {
  return new TributaryError('store_unavailable', `the deltas are not in memory: ${what}`);
}
