/** A partition with a worker that follows segments, on a log and a store in memory. Times are days. */
import { type Event, encodeEvent } from '@tributary/model/event';
import { DAY_MS } from '@tributary/model/time';
import { signalsOf } from '@tributary/signals/definitions/file';
import type { SpeedStore } from '@tributary/store/speed-store';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { expect } from 'vitest';
import { createSpeedWorker } from '../src/pipeline.ts';

const BEGIN_MS = Date.parse('2026-09-01T00:00:00Z');
export const day = (days: number) => BEGIN_MS + days * DAY_MS;
export const withSegments = (segments: Record<string, object>) => definitionsOf({ ...SMALL_DEFINITIONS, segments });

/** Received when it happened, or on the day named last. */
export type Sent = readonly [type: string, day: number, user?: string, receivedAt?: number];

interface Options {
  readonly definitions: ReturnType<typeof withSegments>;
  readonly limits?: object;
  /** What the worker sees of the store. */
  readonly storeOf?: (speed: SpeedStore) => SpeedStore;
}

export function startFollowing({ definitions, limits = {}, storeOf = (speed) => speed }: Options) {
  let clock = 300;
  const log = createMemoryLog({ partitions: 1, now: () => day(clock) });
  const store = createMemoryStore({ partitions: 1 });
  let commits = 0;
  /** Lines of each commit. */
  const committed: number[] = [];
  const newWorker = (more: object = {}) =>
    createSpeedWorker({
      log,
      store: storeOf(store.speed()),
      definitions,
      partitions: [0],
      sha256Hex,
      digestOf: sha256Hex,
      commitId: () => `c${commits++}`,
      limits: { waitMs: 0, outputs: 'segments', ...limits, ...more },
      onCommitted: ({ commit }) => committed.push(commit.outputs?.length ?? 0),
    });
  let worker = newWorker();
  let sent = 0;
  const drain = async () => {
    while ((await worker.runOnce()) > 0);
    await worker.settle();
  };
  return {
    log,
    /** The log's own clock. */
    setClock(days: number) {
      clock = days;
    },
    /** One iteration: it reads, applies, and commits once. */
    async once() {
      await worker.runOnce();
      await worker.settle();
    },
    committed,
    store,
    drain,
    restart(more: object = {}) {
      worker = newWorker(more);
    },
    append: (event: Event) => log.append(0, { kind: 'events', body: encodeEvent(event) }),
    async send(...events: readonly Sent[]) {
      for (const [type, ts, userId = 'ann', receivedAt = ts] of events) {
        const event: Event = { ts: day(ts), type, id: `e${sent++}`, userId, receivedAt: day(receivedAt), source: 'test' };
        await log.append(0, { kind: 'events', body: encodeEvent(event) });
      }
      await drain();
    },
    async beat(days: number) {
      await log.append(0, { kind: 'heartbeat', body: JSON.stringify({ receivedAt: day(days) }) });
      await drain();
    },
    /** What a version leaves that follows no members. */
    async commitAsOlder(changed: object) {
      const speed = store.speed();
      const { watched: _, commitId, ...next } = (await speed.loadState(0)) ?? expect.fail('nothing was committed');
      const of = { partition: 0, expected: next.position, expectedCommit: commitId, id: 'older' };
      const nothing = { appends: new Map(), rewrites: new Map(), deltas: new Map(), conversions: new Map(), parked: [] };
      const none = { ...nothing, deltasGeneration: 0, pending: 0, overflowed: 0 };
      expect(await speed.commit({ ...of, ...none, next: { ...next, position: next.position as string, ...changed } })).toBe(
        'committed',
      );
    },
    async members(name: string, of = definitions) {
      const version = signalsOf(of, sha256Hex).get(name)?.version ?? '';
      const { users, watched, unsure } = await store.serving().members(0, { version, after: null, limit: 100 });
      return { users, isWhole: watched?.isWhole, unsure };
    },
    async said(user = 'ann') {
      const { lines } = await store.outbox().read(0, 10_000);
      return lines
        .map((line) => JSON.parse(line))
        .filter(({ type, userKey }) => type.startsWith('segment.') && userKey === user)
        .map(({ type, segment, ts, takenBack, until, to }) => {
          const days = (ms: number) => (ms - BEGIN_MS) / DAY_MS;
          const what = type.slice('segment.'.length);
          if (takenBack !== undefined)
            return `${segment} ${what} ${takenBack.map(({ kind, at }: { kind: string; at: number }) => `${kind} ${days(at)}`)}`;
          return `${segment} ${what} ${days(ts)}${until === undefined ? '' : ` until ${days(until)}`}${to === undefined ? '' : ''}`;
        });
    },
  };
}
