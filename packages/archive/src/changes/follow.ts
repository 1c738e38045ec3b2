/** A data folder brought up to the newest change of an archive in an object store: what a change names is there before its manifest is. */
import { join } from 'node:path';
import { TributaryError } from '@tributary/model/errors';
import { sideBySide } from '../compute/side-by-side.ts';
import { createDurably, readIfThere } from '../durable.ts';
import type { SegmentManifest } from '../layout.ts';
import { lastSegmentNumber, readSegment } from '../segments.ts';
import { CHANGE_BYTES, type Change, type Created, changeName, filesOf, parseChange, segmentOf } from './change.ts';
import { type Fetching, fetchFile, textOf } from './fetch.ts';
import { type Reached, reachedNothing, readReached, writeReached } from './reached.ts';

export interface Follower {
  /** Resolves with how far the folder is now. */
  follow(signal?: AbortSignal): Promise<Reached>;
  /** null: the store has none of this number. */
  changeAt(number: number, signal?: AbortSignal): Promise<Change | null>;
}

export interface FollowerOptions extends Omit<Fetching, 'signal'> {
  readonly reached: (step: 'fetched' | 'named') => void | Promise<void>;
}

/** Files that are fetched at once. */
const AT_ONCE = 8;
/** Changes that are read at once, where there are many. */
const READ_AHEAD = 8;

export function createFollower({ reached, ...place }: FollowerOptions): Follower {
  const { dataDir, store } = place;
  let at: Reached | undefined;

  async function changeAt(number: number, signal?: AbortSignal): Promise<Change | null> {
    const name = changeName(number);
    const text = await textOf(name, CHANGE_BYTES, { ...place, signal });
    return text === null ? null : parseChange(text, `${name} in ${store.place}`);
  }

  /** Files before the manifest that names them. */
  async function put(created: Created, segment: SegmentManifest | null, signal?: AbortSignal): Promise<void> {
    const path = join(dataDir, created.path);
    if (segment !== null) {
      const tasks = filesOf(segment).map((file) => () => fetchFile(file, segment.partition, { ...place, signal }));
      await sideBySide(AT_ONCE, tasks);
    }
    await reached('fetched');
    // Another process of this folder may have been first.
    if (!(await createDurably(path, created.text)) && (await readIfThere(path)) !== created.text)
      throw mismatch(store.place, `has another ${created.path} than ${dataDir}`);
    await reached('named');
  }

  async function apply(change: Change, before: Reached, signal?: AbortSignal): Promise<Reached> {
    const lastSegments = { ...before.lastSegments };
    for (const created of change.created) {
      const segment = segmentOf(created);
      if (segment !== null) {
        await demandNext(segment, lastSegments[segment.partition] ?? -1, place);
        lastSegments[segment.partition] = segment.number;
      }
      await put(created, segment, signal);
    }
    return { ...before, number: before.number + 1, id: change.id, lastSegments };
  }

  /** Where the folder is, once it is sure that the store has that very change. */
  async function begin(signal?: AbortSignal): Promise<Reached> {
    at ??= await reachedWhole(dataDir, store.place);
    if (at.number === 0) return at;
    const found = await changeAt(at.number, signal);
    if (found?.id === at.id) return at;
    const got = found === null ? 'none' : 'another one';
    throw mismatch(store.place, `must have change ${at.number} as ${dataDir} has it (got ${got})`);
  }

  return {
    changeAt,
    async follow(signal) {
      const before = await begin(signal);
      let known = before;
      for (let ahead = 1, isEnd = false; !isEnd; ahead = READ_AHEAD) {
        const { number } = known;
        const read = Array.from({ length: ahead }, (_, i) => () => changeAt(number + 1 + i, signal));
        for (const change of await sideBySide(ahead, read)) {
          isEnd ||= change === null;
          if (change !== null && !isEnd) known = await apply(change, known, signal);
        }
      }
      if (known !== before) await writeReached(dataDir, known);
      at = known;
      return known;
    },
  };
}

/** A folder that lost manifests gets all of them again. */
async function reachedWhole(dataDir: string, place: string): Promise<Reached> {
  const reached = await readReached(dataDir, place);
  for (const [partition, last] of Object.entries(reached.lastSegments))
    if ((await lastSegmentNumber(dataDir, Number(partition))) < last) return reachedNothing(place);
  return reached;
}

/** Numbers have no gaps, and ranges neither. */
async function demandNext(
  { partition, number, after }: SegmentManifest,
  last: number,
  { dataDir, store }: Pick<Fetching, 'dataDir' | 'store'>,
): Promise<void> {
  const end = last < 0 || number !== last + 1 ? null : (await readSegment(dataDir, partition, last)).upTo;
  if (number === last + 1 && after === end) return;
  throw new TributaryError(
    'manifest_corrupt',
    `segment ${number} of partition ${partition} in ${store.place} begins after ${after}, where segment ${last} ends at ${end}`,
  );
}

export function mismatch(place: string, what: string): TributaryError {
  return new TributaryError('history_mismatch', `${place} ${what}: they are not of one archive, or one of them lost something`);
}
