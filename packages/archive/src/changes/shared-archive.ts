/**
 * An archive that lies in an object store, as machines without a common disk need one. The store has the changes of the archive, numbered without
 * gaps, and the files that they name; a data folder is a copy of it, up to some change:
 *
 *   files ─▶ objects, named after their bytes ─▶ changes/000000000012.json, created once ─▶ its manifests in the folder
 *
 * A number is given once (`If-None-Match: *`, what a link is on a disk), so all who write see the same changes in the same order, and who comes second
 * reads what came first, and looks again at what it was about to write. Nothing that was written is replaced. An answer that was lost leaves no
 * doubt: a change bears the id of its attempt.
 *
 * Killed anywhere, a change is there whole or not at all; what was sent for one that never came is named by none. Where the folder or the store
 * lacks what the other one has of it, nothing is written: nothing may be archived behind a hole (law 6).
 */
import { archiveIdentity } from '@tributary/runtime/event-log/own-archive';
import type { SegmentManifest } from '../layout.ts';
import type { ArchiveStore } from '../objects/port.ts';
import { lastSegmentNumber, readSegment } from '../segments.ts';
import {
  type Created,
  changeName,
  contentOfChange,
  filesOf,
  identityFile,
  objectOf,
  SEGMENTS_OF_CHANGE,
  segmentFile,
} from './change.ts';
import { createFollower, mismatch } from './follow.ts';
import { lastSegmentOf, type Reached } from './reached.ts';
import { sendFiles } from './send.ts';
import { shareReplaced } from './share.ts';

export interface SharedArchive {
  /** Brings the folder up to the newest change. Throws what the store throws, `history_mismatch`, `manifest_corrupt` or `archive_corrupt`. */
  follow(signal?: AbortSignal): Promise<void>;
  /** Gives the archive an identity unless it has one; the folder has it then. */
  giveIdentity(identity: string, signal?: AbortSignal): Promise<void>;
  /**
   * Adds segments whose files lie in the folder, and returns those whose numbers were free: the folder has all of them then, of others too. Throws as
   * `follow` does; a change whose answer never came is found by the next `follow`, if it is there.
   */
  add(segments: readonly SegmentManifest[], signal?: AbortSignal): Promise<readonly SegmentManifest[]>;
  /**
   * Follows, gives the store what was replaced in this folder, and removes from there what no manifest names any more. One folder of an archive may
   * have something to share: `history_mismatch` where another one has replaced files as well.
   */
  share(signal?: AbortSignal): Promise<void>;
  /** Throws `history_mismatch` where the store lacks a segment of the partition that the folder has, or a change that this process has seen. */
  demandWhole(partition: number, signal?: AbortSignal): Promise<void>;
}

export interface SharedArchiveOptions extends Bounds {
  readonly dataDir: string;
  readonly store: ArchiveStore;
  /** Hexadecimal; never the same twice. */
  readonly newId: () => string;
  readonly sleep: (ms: number) => Promise<void>;
  /** Passed after each step whose effect is durable: the points at which a process may die. */
  readonly reached?: (step: 'sent' | 'changed' | 'fetched' | 'named' | 'shared') => void | Promise<void>;
}

interface Bounds {
  /** Changes that are held at a time. */
  readonly held?: number;
  /** How much the replaced manifests of one change have. */
  readonly changeBytes?: number;
}

type Draft<T> = (known: Reached) => readonly (readonly [T, Created])[];

export function openSharedArchive(options: SharedArchiveOptions): SharedArchive {
  const { dataDir, store, newId, sleep, reached = () => {}, held, changeBytes } = options;
  const follower = createFollower({ dataDir, store, newId, sleep, reached, held });
  const { follow, changeAt } = follower;

  /** Creates a change with what `draft` gives, which is asked again behind each change of others; returns that. None: it is all there. */
  async function commit<T>(draft: Draft<T>, signal?: AbortSignal): Promise<T[]> {
    for (;;) {
      const known = await follow(signal);
      const drafted = draft(known);
      if (drafted.length === 0) return [];
      const id = newId();
      const content = contentOfChange({ id, created: drafted.map(([, created]) => created) });
      const isFirst = await store.create(changeName(known.number + 1), content, signal);
      await reached('changed');
      await follow(signal);
      // An attempt before the one that was answered may have been the first one.
      if (isFirst || (await changeAt(known.number + 1, signal))?.id === id) return drafted.map(([one]) => one);
    }
  }

  function free(segments: readonly SegmentManifest[], known: Reached): SegmentManifest[] {
    return segments.filter(({ partition, number }) => {
      const last = lastSegmentOf(known, partition);
      if (number > last + 1) throw lacks(partition, number - 1, last);
      return number > last;
    });
  }

  function lacks(partition: number, number: number, last: number): Error {
    const must = `must have segment ${number} of partition ${partition}, as ${dataDir} has it`;
    return mismatch(store.place, `${must} (got ${last < 0 ? 'none' : `segments up to ${last}`})`);
  }

  /** What was sent of segments that others were first with. Where that fails, it stays as it does where this process is killed. */
  async function discard(segments: readonly SegmentManifest[], signal?: AbortSignal): Promise<void> {
    for (const segment of segments) {
      const first = await readSegment(dataDir, segment.partition, segment.number);
      // An attempt of our own whose answer was lost may have been first, with the same bytes.
      const named = new Set(filesOf(first).map(objectOf));
      for (const object of filesOf(segment).map(objectOf)) if (!named.has(object)) await store.remove(object, signal);
    }
  }

  return {
    async follow(signal) {
      await follow(signal);
    },
    async giveIdentity(identity, signal) {
      await follow(signal);
      if ((await archiveIdentity(dataDir)) !== null) return;
      await commit(({ number }) => (number > 0 ? [] : [[identity, identityFile(identity)] as const]), signal);
    },
    async add(segments, signal) {
      const added: SegmentManifest[] = [];
      for (let from = 0; from < segments.length; from += SEGMENTS_OF_CHANGE) {
        const some = segments.slice(from, from + SEGMENTS_OF_CHANGE);
        const sent = free(some, await follow(signal));
        await sendFiles(sent, { dataDir, store, signal });
        await reached('sent');
        const ours = await commit((known) => free(sent, known).map((one) => [one, segmentFile(one)] as const), signal);
        added.push(...ours);
        await discard(
          sent.filter((one) => !ours.includes(one)),
          signal,
        ).catch(() => {});
      }
      return added;
    },
    share: (signal) => shareReplaced({ dataDir, store, newId, sleep, reached, follower, changeBytes }, signal),
    async demandWhole(partition, signal) {
      const own = await lastSegmentNumber(dataDir, partition);
      const last = lastSegmentOf(await follow(signal), partition);
      if (own > last) throw lacks(partition, own, last);
    },
  };
}
