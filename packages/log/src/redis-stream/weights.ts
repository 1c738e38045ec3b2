/**
 * How many entries a read may ask for: XREAD counts entries, and an entry has between a few bytes and the most that one append takes. So
 * the heaviest entry of late decides. Nothing is known at first: little is asked for then, and more with every read.
 *
 * What was light of late says nothing about a backlog: a reader of light entries that stood still, or took a partition over, may find
 * hundreds of heavy ones. So a read asks for some entries more than the one before it gave, and sees what they weigh.
 */
import type { LogEntry } from '../port.ts';

export interface Weights {
  /** For each partition: as many entries as would fit were each as heavy as the heaviest of late; at least one. */
  entriesWithin(bytes: number, maxEntries: number): number;
  note(entries: readonly Pick<LogEntry, 'partition' | 'body'>[]): void;
}

/** Characters; few are more than a byte. */
const UNKNOWN = 256 * 1024;
/** What a read leaves of the heaviest entry before it: some reads later it is forgotten. */
const FADE = 0.7;
/** A read asks for this many times what the fullest partition gave in the one before it. */
const GROWTH = 2;
/** Without a backlog: a moment's entries of a partition. */
const LEAST = 8;

export function createWeights(): Weights {
  let heaviest = UNKNOWN;
  let most = LEAST;
  return {
    entriesWithin: (bytes, maxEntries) => Math.max(1, Math.min(maxEntries, most, Math.floor(bytes / heaviest))),
    note(entries) {
      most = Math.max(LEAST, GROWTH * fullestOf(entries));
      if (entries.length === 0) return;
      heaviest = Math.max(1, heaviest * FADE);
      for (const { body } of entries) heaviest = Math.max(heaviest, body.length);
    },
  };
}

/** How many of the entries one partition has, at most. */
function fullestOf(entries: readonly Pick<LogEntry, 'partition'>[]): number {
  const counts = new Map<number, number>();
  for (const { partition } of entries) counts.set(partition, (counts.get(partition) ?? 0) + 1);
  return Math.max(0, ...counts.values());
}
