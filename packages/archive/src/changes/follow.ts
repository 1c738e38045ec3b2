/** A data folder brought up to the newest change of an archive in an object store: what a change names is there before its manifest is. */
import { join } from 'node:path';
import { TributaryError } from '@tributary/model/errors';
import { sideBySide } from '../compute/side-by-side.ts';
import { createDurably, readIfThere } from '../durable.ts';
import type { SegmentManifest } from '../layout.ts';
import { lastSegmentNumber, readSegment } from '../segments.ts';
import { CHANGE_BYTES, type Change, type Created, changeName, filesOf, parseChange, segmentOf, sha256Of } from './change.ts';
import { type Fetching, fetchFile, textOf } from './fetch.ts';
import { folderId } from './folder-id.ts';
import { isKnown } from './intents.ts';
import { type Reached, reachedNothing, readReached, writeReached } from './reached.ts';
import { replaceIn } from './replace.ts';
import type { Versions } from './versions.ts';
import { type Ahead, createWindows, HELD, type Window } from './windows.ts';

export interface Follower {
  /** Resolves with how far the folder is now. */
  follow(signal?: AbortSignal): Promise<Reached>;
  /** null: the store has none of this number. */
  changeAt(number: number, signal?: AbortSignal): Promise<Change | null>;
  /** The store has lost what was replaced up to this change. */
  cleared(replaced: number): Promise<void>;
  folder(): Promise<string>;
}

export interface FollowerOptions extends Omit<Fetching, 'signal'> {
  readonly newId: () => string;
  /** Changes that are held at a time. */
  readonly held?: number | undefined;
  readonly reached: (step: 'fetched' | 'named') => void | Promise<void>;
}

/** Files that are fetched at once. */
const AT_ONCE = 8;
/** Troubles with one change that a later one may explain. */
const OF_LATER: ReadonlySet<string> = new Set(['archive_corrupt', 'history_mismatch']);

export function createFollower({ reached, newId, held = HELD, ...place }: FollowerOptions): Follower {
  const { dataDir, store } = place;
  const { windowAfter, readAhead, versionsOf } = createWindows({ dataDir, held, changeAt, folder });
  let at: Reached | undefined;
  let ownFolder: string | undefined;
  let last: Promise<unknown> = Promise.resolve();

  /** One at a time: a slower one would put an older version in place of a newer one. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = last.then(work);
    last = next.catch(() => {});
    return next;
  }

  async function changeAt(number: number, signal?: AbortSignal): Promise<Change | null> {
    const name = changeName(number);
    const text = await textOf(name, CHANGE_BYTES, { ...place, signal });
    return text === null ? null : parseChange(text, `${name} in ${store.place}`);
  }

  async function folder(): Promise<string> {
    ownFolder ??= await folderId(dataDir, newId);
    return ownFolder;
  }

  /** Files before the manifest that names them. */
  async function create(
    created: Created,
    segment: SegmentManifest | null,
    versions: Versions,
    signal?: AbortSignal,
  ): Promise<void> {
    const path = join(dataDir, created.path);
    const there = await readIfThere(path);
    const text = there ?? (await versions.newest(created));
    const files = segment === null ? [] : filesOf(segmentOf({ path: created.path, text }) ?? segment);
    const tasks = files.map((file) => () => fetchFile(file, segment?.partition ?? 0, { ...place, signal }));
    await sideBySide(AT_ONCE, tasks);
    await reached('fetched');
    // Another process of this folder may have been first.
    if (!(await createDurably(path, text)) && !versions.has(created, (await readIfThere(path)) ?? ''))
      throw mismatch(store.place, `has another ${created.path} than ${dataDir}`);
    await reached('named');
  }

  async function apply(change: Change, before: Reached, versions: Versions, signal?: AbortSignal): Promise<Reached> {
    const lastSegments = { ...before.lastSegments };
    const next = { ...before, number: before.number + 1, id: change.id, lastSegments };
    for (const created of change.created) {
      const segment = segmentOf(created);
      if (segment !== null) {
        await demandNext(segment, lastSegments[segment.partition] ?? -1, place);
        lastSegments[segment.partition] = segment.number;
      }
      await create(created, segment, versions, signal);
    }
    const { replacing } = change;
    if (replacing === undefined) return next;
    if (replacing.folder !== (await folder())) await replaceIn(replacing, next.number, before, versions, { ...place, signal });
    else if (!(await isKnown(dataDir, change.id, next.number))) throw putBack(dataDir, next.number);
    const state = Object.fromEntries(replacing.state.map(({ path, text }) => [path, sha256Of(text)]));
    return { ...next, replaced: next.number, replacedIn: replacing.folder, state: { ...before.state, ...state } };
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

  async function applyAll(before: Reached, window: Window, versions: Versions, signal?: AbortSignal): Promise<Reached> {
    let known = before;
    for (const change of window.changes) known = await apply(change, known, versions, signal);
    return known;
  }

  async function follow(signal?: AbortSignal): Promise<Reached> {
    let known = await begin(signal);
    let ahead: Ahead | undefined;
    try {
      for (;;) {
        if (ahead !== undefined && known.number >= ahead.upTo) {
          await ahead[Symbol.asyncDispose]();
          ahead = undefined;
        }
        const most = ahead === undefined ? held : Math.min(held, ahead.upTo - known.number);
        const window = await windowAfter(known.number, most, signal);
        if (window.changes.length === 0) return known;
        try {
          known = await applyAll(known, window, ahead?.versions ?? (await versionsOf(window, known.number)), signal);
        } catch (error) {
          // Its file is gone, or an attempt that was killed has put what a later change says.
          const isOfLater = error instanceof TributaryError && OF_LATER.has(error.code);
          const isNewer = !window.isEnd && (ahead === undefined || (await changeAt(ahead.upTo + 1, signal)) !== null);
          if (!isOfLater || !isNewer) throw error;
          await ahead?.[Symbol.asyncDispose]();
          ahead = await readAhead(known.number, signal);
          continue;
        }
        await writeReached(dataDir, known);
        at = known;
      }
    } finally {
      await ahead?.[Symbol.asyncDispose]();
    }
  }

  return {
    changeAt,
    folder,
    follow: (signal) => inTurn(() => follow(signal)),
    cleared: (replaced) =>
      inTurn(async () => {
        if (at === undefined) return;
        at = { ...at, cleared: replaced };
        await writeReached(dataDir, at);
      }),
  };
}

/** A folder that lost manifests gets all of them again, as one that followed another place does. */
async function reachedWhole(dataDir: string, place: string): Promise<Reached> {
  const reached = await readReached(dataDir);
  if (reached?.place !== place) return reachedNothing(place);
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

function putBack(dataDir: string, number: number): TributaryError {
  return new TributaryError(
    'history_mismatch',
    `${dataDir} must know of change ${number}, which was made in it: it was put back to an older copy. Begin with an empty folder ("tributary archive fetch")`,
  );
}

export function mismatch(place: string, what: string): TributaryError {
  return new TributaryError(
    'history_mismatch',
    `${place} ${what}: they are not of one archive, or one of them lost something. Correct the place (TRIBUTARY_ARCHIVE), or restore what was lost`,
  );
}
