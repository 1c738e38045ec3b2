/**
 * Changes that a folder is behind by, some at a time, in bounded memory. Where files of some are gone, a later change says why: then all that come
 * behind are read for what they replace, whose texts lie in a file, before the first ones are applied.
 */
import { sideBySide } from '../compute/side-by-side.ts';
import type { Change } from './change.ts';
import { textsInFile, textsInMemory } from './texts.ts';
import { createVersions, type Versions } from './versions.ts';

/** Changes that are read at once, where there are many. */
const READ_AHEAD = 8;
/** Changes that are held at a time, and the length of their texts beyond which no more are read. */
export const HELD = 1_024;
const HELD_LENGTH = 16 * 1024 ** 2;

/** Some changes, in the order of their numbers. */
export interface Window {
  readonly changes: readonly Change[];
  /** The store has none behind them. */
  readonly isEnd: boolean;
}

/** What all changes up to a number replace. */
export interface Ahead extends AsyncDisposable {
  readonly upTo: number;
  readonly versions: Versions;
}

export interface Windows {
  windowAfter(number: number, most: number, signal?: AbortSignal): Promise<Window>;
  /** Reads all changes behind a number; memory has the places of the newest texts, and a digest of each. */
  readAhead(number: number, signal?: AbortSignal): Promise<Ahead>;
  /** What those of a window replace, which comes behind a number. */
  versionsOf(window: Window, number: number): Promise<Versions>;
}

export interface WindowsOptions {
  readonly dataDir: string;
  readonly held: number;
  /** null: the store has none of this number. */
  readonly changeAt: (number: number, signal?: AbortSignal) => Promise<Change | null>;
  /** The one that follows. */
  readonly folder: () => Promise<string>;
}

export function createWindows({ dataDir, held, changeAt, folder }: WindowsOptions): Windows {
  async function windowAfter(number: number, most: number, signal?: AbortSignal): Promise<Window> {
    const changes: Change[] = [];
    let length = 0;
    for (let ahead = 1; changes.length < most && length < HELD_LENGTH; ahead = Math.min(READ_AHEAD, most - changes.length)) {
      const from = number + 1 + changes.length;
      const read = await sideBySide(
        ahead,
        Array.from({ length: ahead }, (_, i) => () => changeAt(from + i, signal)),
      );
      for (const change of read) {
        if (change === null) return { changes, isEnd: true };
        changes.push(change);
        length += lengthOf(change);
      }
    }
    return { changes, isEnd: false };
  }

  return {
    windowAfter,
    async readAhead(number, signal) {
      const texts = await textsInFile(dataDir);
      try {
        const versions = createVersions(await folder(), texts);
        for (let upTo = number; ; ) {
          const { changes, isEnd } = await windowAfter(upTo, held, signal);
          for (const change of changes) await versions.add(++upTo, change);
          if (isEnd) return { upTo, versions, [Symbol.asyncDispose]: () => texts[Symbol.asyncDispose]() };
        }
      } catch (error) {
        await texts[Symbol.asyncDispose]();
        throw error;
      }
    },
    async versionsOf({ changes }, number) {
      const versions = createVersions(await folder(), textsInMemory());
      for (const [i, change] of changes.entries()) await versions.add(number + 1 + i, change);
      return versions;
    },
  };
}

function lengthOf({ created, replacing }: Change): number {
  const texts = [...created, ...(replacing === undefined ? [] : [...replacing.state, ...replacing.manifests])];
  return texts.reduce((sum, { text }) => sum + text.length, 0);
}
