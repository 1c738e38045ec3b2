/**
 * How many entries a read may ask for: XREAD counts entries, and an entry has between a few bytes and the most that one append takes. So
 * the heaviest entry of late decides. Nothing is known at first: little is asked for then, and more with every read.
 */
import type { LogEntry } from '../port.ts';

export interface Weights {
  /** As many entries as would fit were each as heavy as the heaviest of late; at least one. */
  entriesWithin(bytes: number, maxEntries: number): number;
  note(entries: readonly Pick<LogEntry, 'body'>[]): void;
}

/** Characters; few are more than a byte. */
const UNKNOWN = 256 * 1024;
/** What a read leaves of the heaviest entry before it: some reads later it is forgotten. */
const FADE = 0.7;

export function createWeights(): Weights {
  let heaviest = UNKNOWN;
  return {
    entriesWithin: (bytes, maxEntries) => Math.max(1, Math.min(maxEntries, Math.floor(bytes / heaviest))),
    note(entries) {
      if (entries.length === 0) return;
      heaviest = Math.max(1, heaviest * FADE);
      for (const { body } of entries) heaviest = Math.max(heaviest, body.length);
    },
  };
}
