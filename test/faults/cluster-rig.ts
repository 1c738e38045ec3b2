/** A speed worker on a cluster's store and a log in memory, under load, with readers who hold every answer against the log. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Event, encodeEvent } from '@tributary/model/event';
import { partitionOf, userKeyOf } from '@tributary/model/user-key';
import { builtInDefinitions, sha256Hex } from '@tributary/runtime/config/definitions';
import { createDeltaFollower } from '@tributary/serving/deltas/follower';
import { GENERATION_ZERO } from '@tributary/serving/generations/loaded';
import { projectionOf } from '@tributary/serving/merge';
import type { ServingStore } from '@tributary/store/serving-store';
import type { SpeedStore } from '@tributary/store/speed-store';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { groupByPartition } from '@tributary/testkit/simulation/actors';
import { activity } from '@tributary/views/activity/fold';
import { addRowsByView, type RowsByView } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';
import { expect } from 'vitest';
import { createSpeedWorker } from '../../services/speed/src/pipeline.ts';
import { runUntilAborted } from '../../services/speed/src/run-loop.ts';
import { shoppers } from '../e2e/shoppers.ts';

const ALL_BYTES = 1_000_000_000;

export const RIG_PARTITIONS = 4;
const VIEW_NAMES = VIEWS.map(({ name }) => name);
const definitions = builtInDefinitions();
const ALL_EVENTS = projectionOf(activity, { days: { fromDay: null, toDay: null }, equal: {}, by: [] });

export interface Rig {
  /** Why partitions were loaded again, in order. */
  readonly resets: string[];
  /** What readers saw: looks that were answered, and those that were refused. */
  /** What the refusals said, each once. */
  readonly refusals: ReadonlySet<string>;
  readonly looks: { answered: number; refused: number; readonly records: { answered: number; refused: number } };
  /** Whether events come in; they do from the start. */
  pauseLoad(on: boolean): void;
  /** Waits until everything in the log is counted. */
  caughtUp(): Promise<void>;
  /** Stops the load, waits until everything is counted, and holds all of it against the log. */
  settle(): Promise<void>;
  /** Ends everything, whatever happened. */
  stop(): Promise<void>;
}

export interface RigOptions {
  readonly speed: SpeedStore;
  readonly serving: ServingStore;
  readonly seed: number;
  /** Rows and records may go back once: a store that lost writes. Readers then look only at what belongs together. */
  readonly mayLose?: boolean;
}

export function startRig({ speed, serving, seed, mayLose = false }: RigOptions): Rig {
  const log = createMemoryLog({ partitions: RIG_PARTITIONS });
  const everything: Event[] = [];
  const lines = new Map<string, string>();
  /** By partition: position → events up to there. */
  const counts = Array.from({ length: RIG_PARTITIONS }, () => new Map<string | null, number>([[null, 0]]));
  const countsOf = (partition: number) => counts[partition] as Map<string | null, number>;
  const totals = new Array<number>(RIG_PARTITIONS).fill(0);
  const looks = { answered: 0, refused: 0, records: { answered: 0, refused: 0 } };
  const resets: string[] = [];
  const refusals = new Set<string>();
  const failures: Error[] = [];
  const [loading, working] = [new AbortController(), new AbortController()];
  let commits = 0;
  let paused = false;
  const worker = createSpeedWorker({
    log,
    store: speed,
    definitions,
    partitions: Array.from({ length: RIG_PARTITIONS }, (_, partition) => partition),
    sha256Hex,
    digestOf: sha256Hex,
    commitId: () => `rig ${seed}: ${++commits}`,
    limits: { waitMs: 20 },
    onReset: (partition, why) => resets.push(`p${partition}: ${why instanceof Error ? why.message : why}`),
  });
  const loop = runUntilAborted(worker, working.signal, () => {});
  loop.ended.catch((error: Error) => failures.push(error));

  async function append(partition: number, events: readonly Event[]): Promise<void> {
    totals[partition] = (totals[partition] as number) + events.length;
    for (const event of events) {
      const user = userKeyOf(event);
      lines.set(user, `${lines.get(user) ?? ''}${encodeEvent(event)}\n`);
    }
    everything.push(...events);
    // Said beforehand: a reader may see the commit before the append's promise is settled.
    const next = String(countsOf(partition).size).padStart(16, '0');
    countsOf(partition).set(next, totals[partition] as number);
    const position = await log.append(partition, { kind: 'events', body: events.map(encodeEvent).join('\n') });
    if (position !== next) throw new Error(`the log gave ${position} where ${next} was expected`);
  }

  async function load(): Promise<void> {
    for (let round = 0; !loading.signal.aborted; round++) {
      await sleep(5);
      if (paused) continue;
      const now = Date.now();
      const sent = shoppers({ seed: seed * 10_000 + round, events: 20, users: 2_000, nowMs: now, prefix: `r${round}` });
      const events = sent.map((event) => ({ ...event, receivedAt: now }) as Event);
      for (const [partition, own] of groupByPartition(events, RIG_PARTITIONS)) await append(partition, own);
    }
  }

  /** Law 7: rows and position belong to one instant, so their sum is what the log holds up to there, neither less nor more. */
  function expectCounted(partition: number, position: string | null, rows: RowsByView): void {
    let counted = 0;
    for (const [events] of rows.get('activity')?.values() ?? []) counted += events as number;
    expect(counted, `events of partition ${partition} at ${position}`).toBe(countsOf(partition).get(position));
  }

  async function readDeltas(): Promise<void> {
    const follower = createDeltaFollower({ partitions: RIG_PARTITIONS, store: serving, now: () => 0 });
    for (let round = 0; !working.signal.aborted; round++) {
      try {
        if (round % 3 === 0) {
          for (const { partition, state, rows } of await serving.deltas(['activity'], 0))
            expectCounted(partition, state?.position ?? null, rows);
        } else {
          const { states, answer } = await follower.poll(0, ['activity']);
          const expected = states.reduce(
            (sum, state, partition) => sum + (countsOf(partition).get(state?.position ?? null) ?? 0),
            0,
          );
          expect(answer(GENERATION_ZERO, ALL_EVENTS, 'merged').get('')?.[0] ?? 0, 'events that a follower sees').toBe(expected);
        }
        looks.answered++;
      } catch (error) {
        note(error as Error, looks);
      }
      await sleep(3);
    }
  }

  async function readRecords(): Promise<void> {
    const seen = new Map<string, number>();
    while (!working.signal.aborted) {
      const asked = [...lines.keys()].slice(-150);
      const whole = asked.map((user) => lines.get(user) as string);
      try {
        const records = await serving.records(
          asked.map((userKey) => ({ partition: partitionOf(userKey, RIG_PARTITIONS), userKey })),
          ALL_BYTES,
        );
        looks.records.answered++;
        for (const [i, user] of asked.entries()) {
          const record = records[i]?.toString() ?? '';
          // What was appended since it was asked may be in it; what was seen before must be.
          expect((lines.get(user) as string).startsWith(record), `the record of ${user} is what the log begins with`).toBe(true);
          if (!mayLose) expect(record.length, `the record of ${user}`).toBeGreaterThanOrEqual(seen.get(user) ?? 0);
          seen.set(user, record.length);
        }
        if (whole.length === 0) continue;
      } catch (error) {
        note(error as Error, looks.records);
      } finally {
        await sleep(2);
      }
    }
  }

  function note(error: Error, count: { refused: number }): void {
    if ((error as { code?: unknown }).code === 'store_unavailable') {
      count.refused++;
      refusals.add(error.message);
    } else failures.push(error);
  }

  const running = Promise.all(
    [load(), readDeltas(), readRecords()].map((role) => role.catch((error: Error) => failures.push(error))),
  );

  async function caughtUp(): Promise<void> {
    const ends = await log.ends();
    const behind = async () => {
      const states = await serving.states().catch(() => []);
      return ends.filter((end, partition) => (states[partition]?.position ?? '') < (end ?? ''));
    };
    await expect.poll(behind, { timeout: 30_000 }).toEqual([]);
  }

  async function stop(): Promise<void> {
    loading.abort();
    working.abort();
    await Promise.allSettled([running, loop.ended]);
  }

  return {
    resets,
    looks,
    refusals,
    pauseLoad(on) {
      paused = on;
    },
    caughtUp,
    async settle() {
      loading.abort();
      await sleep(20);
      await caughtUp();
      await sleep(50);
      await stop();
      expect(failures).toEqual([]);
      const merged: RowsByView = new Map();
      for (const { rows } of await serving.deltas(VIEW_NAMES, 0)) addRowsByView(merged, rows);
      expect(differences(merged, naive(everything, definitions))).toEqual([]);
      const users = [...lines.keys()];
      const records = await serving.records(
        users.map((userKey) => ({ partition: partitionOf(userKey, RIG_PARTITIONS), userKey })),
        ALL_BYTES,
      );
      expect(records.map(String)).toEqual(users.map((user) => lines.get(user)));
    },
    stop,
  };
}
