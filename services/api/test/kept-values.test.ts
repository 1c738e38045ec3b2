/** Values that are kept beside values that are computed each time: the same answers, whatever happens and whenever it is asked. */
import { encodeEvent } from '@tributary/model/event';
import { DAY_MS, HOUR_MS } from '@tributary/model/time';
import { partitionOf } from '@tributary/model/user-key';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { createKeptValues, type KeptValues } from '@tributary/serving/users/kept-values';
import { readDefinitions } from '@tributary/signals/definitions/file';
import { RANDOM_FIELDS, randomEvent, randomSegment, randomSignal } from '@tributary/testkit/inputs/generate-signals';
import { createRandom, type Random } from '@tributary/testkit/inputs/random';
import { cutMark } from '@tributary/views/record';
import { expect, test } from 'vitest';
import { createWorld, event, NOON, PARTITIONS, type World } from './world.ts';

const USERS = ['ada', 'eve', 'zoë'];
const UNITS = 60;

/** Counts what was found. */
function counting(kept: KeptValues) {
  let found = 0;
  const counted: KeptValues = {
    ...kept,
    of(...asked) {
      const own = kept.of<never>(...asked);
      return {
        ...own,
        find(...user) {
          const one = own.find(...user);
          if (one !== undefined) found++;
          return one;
        },
      };
    },
  };
  return { kept: counted, found: () => found };
}

function randomDefinitions(random: Random) {
  const signals = Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [name, randomSignal(random, HOUR_MS, UNITS)]));
  const file = {
    fields: RANDOM_FIELDS,
    signals: { ...signals, idle: { timeSince: '*', window: '3d' } },
    sessions: { web: { gap: '1h', keep: { count: 3, age: '1d' } } },
    segments: { in: randomSegment(random, HOUR_MS, UNITS) },
    signalRetention: { days: 5 },
    touches: { ad_click: { windowDays: 1 } },
  };
  return { definitions: readDefinitions(JSON.stringify(file), sha256Hex), names: [...Object.keys(signals), 'idle', 'web', 'in'] };
}

/** Asks again where the machine stood still for longer than an answer may take: what is compared is what was computed. */
async function inTime(world: World, body: object): Promise<Awaited<ReturnType<World['post']>>> {
  const answer = await world.post('/v1/signals/values', body);
  return answer.body.partial === true ? inTime(world, body) : answer;
}

/** As `inTime`, of feature columns. */
async function columnsInTime(world: World, body: object): Promise<Awaited<ReturnType<World['post']>>> {
  const answer = await world.post('/get-online-features', body);
  return answer.body.meta?.partial === true ? columnsInTime(world, body) : answer;
}

/** What happens and what is asked, one after the other, in both worlds. */
async function compare(seed: number): Promise<{ readonly asked: number; readonly found: number }> {
  const random = createRandom(seed);
  const { definitions, names } = randomDefinitions(random);
  const { kept, found } = counting(createKeptValues(1024 * 1024));
  const worlds = [
    await createWorld({ definitions, keptValues: kept }),
    await createWorld({ definitions, keptValues: createKeptValues(0) }),
  ];
  const both = async <T>(work: (world: (typeof worlds)[number]) => Promise<T>) => [
    await work(worlds[0] as (typeof worlds)[number]),
    await work(worlds[1] as (typeof worlds)[number]),
  ];
  let nowMs = NOON;
  let asked = 0;
  const instants: number[] = [];
  const features = names.map((name) => `profile:${name}`);
  const ask = async () => {
    // Now, or not long ago.
    const asOf = random.chance(0.3) ? nowMs - random.pick([0, 1, HOUR_MS]) : undefined;
    const body = { users: USERS, signals: names, asOf, budgetMs: 500 };
    const [own, computed] = await both((world) => inTime(world, body));
    expect({ seed, asOf, text: own?.body }).toEqual({ seed, asOf, text: computed?.body });
    const [columns, ofComputed] = await both((world) => columnsInTime(world, { entities: { user: USERS }, features }));
    expect({ seed, text: columns?.body }).toEqual({ seed, text: ofComputed?.body });
    asked += 2 * USERS.length;
  };
  for (let turn = 0; turn < 40; turn++) {
    if (random.chance(0.4)) {
      const { historical: _, ...drawn } = randomEvent(random, `e${turn}`, nowMs - random.below(UNITS) * HOUR_MS, 1, 1);
      const one = { ...drawn, userId: random.pick(USERS) };
      // Some are ahead of this server's clock.
      if (random.chance(0.1)) Object.assign(one, { ts: nowMs + random.below(50) });
      instants.push(one.ts);
      await both((world) => world.ingest({ ...one, receivedAt: Math.max(one.ts, nowMs) }));
    } else if (random.chance(0.05)) {
      const userKey = random.pick(USERS);
      const lines = [1, 2].map((id) =>
        encodeEvent(event({ type: 'view', id: `r${turn}-${id}`, userId: userKey, ts: nowMs - id })),
      );
      const record = `${lines.join('\n')}\n${random.chance(0.5) ? cutMark(nowMs - 30 * HOUR_MS) : ''}`;
      await both((world) => world.commit(partitionOf(userKey, PARTITIONS), { rewrites: new Map([[userKey, record]]) }, {}));
    } else if (random.chance(0.06)) {
      const [partition, keptMs] = [random.below(PARTITIONS), random.between(1, 5) * DAY_MS];
      await both((world) => world.commit(partition, {}, { keptMs, logTimeMs: nowMs }));
    } else {
      // Often to where something is about to change.
      const next =
        random.pick(instants.length === 0 ? [nowMs] : instants) + random.between(1, UNITS) * HOUR_MS + random.between(-1, 2);
      const passedMs = next > nowMs && next < nowMs + 6 * HOUR_MS ? next - nowMs : random.below(50);
      nowMs += passedMs;
      for (const world of worlds) world.advance(passedMs);
    }
    await both((world) => world.tick());
    await ask();
  }
  return { asked, found: found() };
}

test('laws 1 and 7: what is kept is what would be computed, as time passes, events come and records lose some', async () => {
  let [asked, found] = [0, 0];
  for (let seed = 1; seed <= 25; seed++) {
    const one = await compare(seed);
    asked += one.asked;
    found += one.found;
  }
  expect(asked).toBe(25 * 40 * 6);
  // A third at least is not computed again, and a tenth is.
  expect(found).toBeGreaterThan(asked / 3);
  expect(found).toBeLessThan((asked * 9) / 10);
});
