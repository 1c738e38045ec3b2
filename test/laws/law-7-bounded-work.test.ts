import type { EventLog } from '@tributary/log/port';
import { type Event, encodeEvent } from '@tributary/model/event';
import { MINUTE_MS } from '@tributary/model/time';
import { partitionOf, userKeyOf } from '@tributary/model/user-key';
import { builtInDefinitions, sha256Hex } from '@tributary/runtime/config/definitions';
import type { PartitionDeltas } from '@tributary/store/serving-store';
import type { Commit } from '@tributary/store/speed-store';
import { generateEvents } from '@tributary/testkit/inputs/generate';
import { createRandom } from '@tributary/testkit/inputs/random';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { processorMs } from '@tributary/testkit/stopwatch';
import { credit } from '@tributary/views/credit/fold';
import type { Rows, RowsByView } from '@tributary/views/deltas';
import { CONVERTING_PATH } from '@tributary/views/journeys/lenses';
import { VIEWS } from '@tributary/views/registry';
import { type StepRules, step, stepRules } from '@tributary/views/step';
import { emptyUser } from '@tributary/views/user-state';
import type { Emit, View } from '@tributary/views/view';
import { type Work, workOfEntry, workOfUser } from '@tributary/views/work';
import { describe, expect, it } from 'vitest';
import { createSpeedWorker, type SpeedWorkerOptions } from '../../services/speed/src/pipeline.ts';

const definitions = builtInDefinitions();
const NOON = Date.UTC(2026, 10, 1, 12);

/** A bot: `count` pairs of a click and a purchase, a minute apart, all within a day. */
function bot(count: number): Event[] {
  const base = { userId: 'bot', receivedAt: NOON, source: 't' };
  return Array.from({ length: count }, (_, i): Event[] => [
    { ...base, ts: NOON - (count - i) * MINUTE_MS, type: 'ad_click', id: `t${i}`, channel: 'email' },
    { ...base, ts: NOON - (count - i) * MINUTE_MS + 1, type: 'purchase', id: `c${i}`, value: 100, currency: 'EUR' },
  ]).flat();
}

const early: Event = {
  ts: NOON - 2 * 24 * 60 * MINUTE_MS,
  type: 'ad_click',
  id: 'early',
  userId: 'bot',
  receivedAt: NOON,
  source: 't',
  channel: 'sms',
};

function speedOf(events: readonly Event[]): { deltas: RowsByView; overflowed: boolean; longestMs: number } {
  const user = emptyUser();
  const rules = stepRules(VIEWS, definitions);
  const deltas: RowsByView = new Map();
  let overflowed = false;
  let longestMs = 0;
  for (const event of events) {
    const tookMs = processorMs(() => {
      if (step(user, event, NOON, rules, deltas).overflowed) overflowed = true;
    });
    longestMs = Math.max(longestMs, tookMs);
  }
  return { deltas, overflowed, longestMs };
}

describe('law 7: work that is left undone is reported, never hidden', () => {
  it('an early touch of a user with a hundred conversions revises them all, exactly', () => {
    const events = [...bot(100), early];
    const { deltas, overflowed } = speedOf(events);
    expect(overflowed).toBe(false);
    expect(differences(deltas, naive(events, definitions))).toEqual([]);
  });

  it('an early touch of a bot with a thousand conversions is bounded work, and the outcome says what is missing', () => {
    const events = [...bot(1_000), early];
    const { deltas, overflowed, longestMs } = speedOf(events);
    expect(overflowed).toBe(true);
    expect(longestMs).toBeLessThan(1_000);
    // What needs no revision is exact all the same.
    const sum = (view: string, measure: number) =>
      [...(deltas.get(view) as Rows).values()].reduce((total, row) => total + (row[measure] as number), 0);
    expect([sum('conversions', 0), sum('conversions', 1)]).toEqual([1_000, 100_000]);
    expect(sum('touches', 0)).toBe(1_001);
  });

  it('once revising a conversion is too much, no further one of the event is looked at', () => {
    let looks = 0;
    const lens: typeof CONVERTING_PATH = {
      ...CONVERTING_PATH,
      look: (...place) => {
        looks++;
        return CONVERTING_PATH.look(...place);
      },
    };
    const rules = stepRules([{ ...credit, lens }], definitions);
    const user = emptyUser();
    for (const event of bot(100)) step(user, event, NOON, rules, new Map());
    looks = 0;
    const work: Work = { left: 1, within: undefined };
    expect(step(user, early, NOON, rules, new Map(), work)).toMatchObject({ fate: 'counted', overflowed: true });
    expect(looks, 'at the touch itself, and at the first conversion without it and with it').toBe(3);
    expect(work.left, 'what was refused is spent too').toBeLessThan(0);
  });

  it('many early clicks of one user cost a bounded part of a batch, each of them and all together', () => {
    const { seen, rules } = countingRules();
    const user = emptyUser();
    for (const event of fat()) step(user, event, NOON, rules, new Map());
    // As a worker has it: what a user may cost is a part of what their entry may.
    const [work, each]: [Work, number[]] = [{ ...workOfUser(), within: workOfEntry() }, []];
    let reported = 0;
    for (let i = 0; i < 2_500; i++) {
      const before = seen.events;
      if (step(user, { ...early, id: `early ${i}`, ts: early.ts - i }, NOON, rules, new Map(), work).overflowed) reported++;
      each.push(seen.events - before);
    }
    expect(Math.max(...each)).toBeLessThanOrEqual(105_000);
    expect(each.reduce((sum, units) => sum + units, 0)).toBeLessThan(600_000); // it would be 1 500 million
    expect(reported, 'every one of them revises 150 purchases').toBe(2_500);

    // The timeline has them all: what comes after the next generation is exact, and is no longer reported.
    const deltas: RowsByView = new Map();
    const last: Event = { ...early, ts: NOON, type: 'purchase', id: 'last', value: 7, currency: 'EUR' };
    expect(step(user, last, NOON, stepRules(VIEWS, definitions), deltas, workOfUser()).overflowed).toBe(false);
    const credits = [...(deltas.get('credit') as Rows).values()].reduce((sum, row) => sum + (row[0] as number), 0);
    expect(credits, 'six models, one purchase, and no other is looked at again').toBe(6_000_000);
  });

  it('rows of many and of long names are work too: an event writes a bounded text', () => {
    /** Rows whose names an early touch of a bot writes, and their characters. */
    function writtenFor(channelOf: (i: number) => string) {
      const written = { keys: new Set<string>(), characters: 0 };
      const views = VIEWS.map((view) => ({
        ...view,
        rows: (seen: never, of: typeof definitions, emit: Emit) =>
          (view as View<never>).rows(seen, of, (key, measures) => {
            written.keys.add(key);
            written.characters += key.length;
            emit(key, measures);
          }),
      }));
      const rules = stepRules(views, definitions);
      const user = emptyUser();
      for (const [i, event] of bot(150).entries())
        step(user, event.type === 'purchase' ? event : { ...event, channel: channelOf(i) }, NOON, rules, new Map());
      Object.assign(written, { characters: 0 }).keys.clear();
      expect(step(user, early, NOON, rules, new Map(), workOfUser()).overflowed).toBe(true);
      return written;
    }
    const [few, many, long] = [() => 'email', (i: number) => `channel ${i}`, (i: number) => `${i}`.padEnd(500, 'x')].map(
      writtenFor,
    );
    // Without a bound of their own: 1 270 rows and 4.3 million characters; 57 million.
    expect(few?.characters).toBeLessThan(1_500_000);
    expect(many?.keys.size).toBeLessThan(1_000);
    expect(long?.characters).toBeLessThan(4_000_000);
  });

  it('an entry of many users is bounded work, and what is too much is reported', async () => {
    const { seen, rules } = countingRules();
    const { histories, touches } = crowd();
    const { append, worker, store } = workerOf(2, { views: rules.views });
    for (const history of histories) await append(0, history);
    while ((await worker.runOnce()) > 0);
    seen.events = 0;
    await append(0, touches);
    while ((await worker.runOnce()) > 0);
    await worker.settle();
    expect(seen.events).toBeGreaterThan(2_000_000);
    expect(seen.events).toBeLessThan(4_500_000); // it would be 8 million
    expect((await store.serving().deltas([], 0))[0]?.overflowed).toBeGreaterThan(0);
  });

  it('a round ends once its work is spent: what is left waits for the next, behind the other partitions', async () => {
    const { histories, touches } = crowd();
    const { append, worker, committed } = workerOf(2, { limits: { maxEntries: 10 } });
    for (const history of histories) await append(0, history);
    while ((await worker.runOnce()) > 0);
    await worker.settle();
    committed.length = 0;
    const [one, other] = usersOf(1, 2) as [string, string];
    const again = (n: number) => touches.map((touch) => ({ ...touch, id: `${touch.id} ${n}`, ts: touch.ts - n }));
    for (let n = 0; n < 4; n++) await append(0, again(n));
    await append(1, [{ ...early, userId: one }]);
    await worker.runOnce();
    await append(1, [{ ...early, userId: other }]);
    while ((await worker.runOnce()) > 0);
    await worker.settle();
    const commits = committed.map(({ partition, events }) => `${partition}: ${events}`);
    expect(commits).toEqual(['0: 120', '1: 1', '0: 120', '0: 120', '1: 1', '0: 120']);
  });

  it('laws 1 and 3: batches in pieces of one entry leave what whole batches leave', async () => {
    const random = createRandom(7);
    const events = generateEvents(random, { events: 120, users: 6, lateChance: 0.1, duplicateChance: 0.2 }, definitions);
    const leaves = async (turnWork: number) => {
      const { append, worker, store, committed } = workerOf(1, { limits: { maxEntries: 10, turnWork, maxCachedEvents: 1 } });
      for (let i = 0; i < events.length; i += 3) {
        await append(0, events.slice(i, i + 3));
        await append(0, [{ ...(events[i] as Event), id: '' }]);
      }
      while ((await worker.runOnce()) > 0);
      await worker.settle();
      const [{ rows, state, pending }] = (await store.serving().deltas(
        VIEWS.map(({ name }) => name),
        0,
      )) as [PartitionDeltas];
      const dead = (await store.serving().deadLetters.page(1_000)).letters.map(({ at }) => at).sort();
      return { rows, position: state?.position, logTimeMs: state?.logTimeMs, pending, dead, commits: committed.length };
    };
    const [whole, pieces] = [await leaves(1_000_000_000), await leaves(0)];
    expect(differences(pieces.rows, whole.rows)).toEqual([]);
    expect({ ...pieces, rows: null, commits: 0 }).toEqual({ ...whole, rows: null, commits: 0 });
    expect([whole.dead.length, whole.commits, pieces.commits]).toEqual([40, 8, 80]);
  });

  it('a cold worker reads the records of a batch some at a time, each once, and applies as far as it has them', async () => {
    const names = usersOf(0, 12);
    const history = names.map((userId) => bot(4).map((event) => ({ ...event, userId })));
    const later = names.map(
      (userId, i): Event => ({ ...early, userId, id: `later ${i}`, ts: NOON - 1, page: `/${'x'.repeat(2_000)}` }),
    );
    const leaves = async (limits: { readonly readBytes?: number; readonly loadBytes?: number }) => {
      const filled = workerOf(2);
      for (const events of history) await filled.append(0, events);
      while ((await filled.worker.runOnce()) > 0);
      await filled.worker.settle();
      const [answers, rewritten, read]: [number[], number[], string[]] = [[], [], []];
      const { speed } = filled.store;
      const store = {
        ...speed(),
        async loadRecords(partition: number, userKeys: readonly string[], maxBytes: number) {
          const found = await speed().loadRecords(partition, userKeys, maxBytes);
          answers.push(found.records.reduce<number>((sum, record) => sum + (typeof record === 'string' ? record.length : 0), 0));
          read.push(...userKeys.filter((_, i) => typeof found.records[i] === 'string'));
          return found;
        },
        async commit(commit: Commit) {
          rewritten.push([...commit.rewrites.values()].reduce((sum, record) => sum + record.length, 0));
          return speed().commit(commit);
        },
      };
      const cold = workerOf(2, { store, log: filled.log, limits: { maxEntries: 100, trimRecordLength: 1, ...limits } });
      // Two users an entry.
      for (let i = 0; i < 12; i += 2) await cold.append(0, later.slice(i, i + 2));
      while ((await cold.worker.runOnce()) > 0);
      await cold.worker.settle();
      const [{ rows }] = (await filled.store.serving().deltas(
        VIEWS.map(({ name }) => name),
        0,
      )) as [PartitionDeltas];
      const owners = names.map((userKey) => ({ partition: 0, userKey }));
      const records = (await filled.store.serving().records(owners, 1e9)).map(String);
      return { answers, rewritten, read, rows, records, commits: cold.committed.map(({ events }) => events) };
    };
    const [all, few] = [await leaves({}), await leaves({ readBytes: 4_000, loadBytes: 5_000 })];
    expect(all.commits).toEqual([12]);
    expect(differences(few.rows, all.rows)).toEqual([]);
    expect(few.records).toEqual(all.records);
    expect(Math.max(...few.answers)).toBeLessThanOrEqual(4_000);
    expect(few.commits.length).toBeGreaterThan(1);
    expect(few.commits.reduce((sum, events) => sum + events, 0)).toBe(12);
    // Each is loaded once, and read once more to be rewritten, for which its next commit is early enough.
    const timesRead = (read: readonly string[]) => names.map((name) => read.filter((user) => user === name).length);
    expect(timesRead(all.read)).toEqual(names.map(() => 2));
    expect(new Set(timesRead(few.read))).toEqual(new Set([1, 2]));
    expect(Math.max(...all.rewritten)).toBeGreaterThan(30_000);
    expect(Math.max(...few.rewritten)).toBeLessThan(5_000 + 3 * 3_500); // and one more answer
  });

  it('a batch shares the work of one user among their events; alone, each is computed whole', async () => {
    const history = bot(90);
    const clicks = Array.from({ length: 12 }, (_, i): Event => ({ ...early, id: `early ${i}` }));
    expect(await overflowedOf([history, clicks])).toBeGreaterThan(0);
    expect(await overflowedOf([history, ...clicks.map((click) => [click])])).toBe(0);
  });
});

/** Users of one of two partitions. */
function usersOf(partition: number, count: number): string[] {
  const names = Array.from({ length: 1_000 }, (_, i) => `bot-${i}`);
  return names.filter((userId) => partitionOf(userKeyOf({ userId }), 2) === partition).slice(0, count);
}

/** Many users with a long history each, and an entry of touches that revise all of it: more work than one entry may cause. */
function crowd(): { readonly histories: Event[][]; readonly touches: Event[] } {
  const names = usersOf(0, 20);
  return {
    histories: names.map((userId) => bot(120).map((event) => ({ ...event, userId }))),
    touches: names.flatMap((userId) => Array.from({ length: 6 }, (_, i): Event => ({ ...early, userId, id: `early ${i}` }))),
  };
}

/** A thousand touches, then 150 purchases. */
function fat(): Event[] {
  const own = bot(1_000);
  const touches = own.filter(({ type }) => type === 'ad_click');
  return [
    ...touches,
    ...own
      .filter(({ type }) => type === 'purchase')
      .slice(-150)
      .map((event) => ({ ...event, ts: NOON })),
  ];
}

/** The real views, which note how many events they are shown. */
function countingRules(): { seen: { events: number }; rules: StepRules } {
  const seen = { events: 0 };
  const views = VIEWS.map((view): View => {
    return {
      ...view,
      rows: (what, inForce, emit) => {
        seen.events += view.lens.sizeOf(what);
        view.rows(what, inForce, emit);
      },
    };
  });
  return { seen, rules: stepRules(views, definitions) };
}

interface Working {
  readonly worker: ReturnType<typeof createSpeedWorker>;
  readonly log: EventLog;
  readonly store: ReturnType<typeof createMemoryStore>;
  /** In the order of commits. */
  readonly committed: { readonly partition: number; readonly events: number }[];
  append(partition: number, events: readonly Event[]): Promise<void>;
}

function workerOf(partitions: number, changes: Partial<SpeedWorkerOptions> = {}): Working {
  const log = changes.log ?? createMemoryLog({ partitions });
  const store = createMemoryStore({ partitions });
  const committed: Working['committed'] = [];
  let commits = 0;
  const worker = createSpeedWorker({
    log,
    store: store.speed(),
    definitions,
    partitions: Array.from({ length: partitions }, (_, partition) => partition),
    sha256Hex,
    digestOf: sha256Hex,
    commitId: () => `${++commits}`,
    onReset: (_partition, why) => expect.fail(String(why)),
    onCommitted: ({ commit, counted, late, duplicates }) =>
      void committed.push({ partition: commit.partition, events: counted + late + duplicates }),
    ...changes,
    limits: { maxEntries: 1, waitMs: 0, trimRecordLength: 1_000_000, ...changes.limits },
  });
  return {
    worker,
    log,
    store,
    committed,
    async append(partition, events) {
      await log.append(partition, { kind: 'events', body: events.map(encodeEvent).join('\n') });
    },
  };
}

/** What a worker reports as overflowed, of batches that it reads one after the other. */
async function overflowedOf(batches: readonly Event[][]): Promise<number> {
  const { append, worker, store } = workerOf(1);
  for (const batch of batches) {
    await append(0, batch);
    while ((await worker.runOnce()) > 0);
  }
  await worker.settle();
  return (await store.serving().deltas([], 0))[0]?.overflowed ?? 0;
}
