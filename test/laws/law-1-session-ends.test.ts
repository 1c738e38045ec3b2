/**
 * Laws 1, 2 and 3 of sessions whose ends are sent out: whatever dies between, and in whatever batches, what was said of ends, less what was taken back,
 * is the sessions that the oracle says have ended by log time, once.
 */
import { DAY_MS, HOUR_MS } from '@tributary/model/time';
import { userKeyOf } from '@tributary/model/user-key';
import { signalsOf } from '@tributary/signals/definitions/file';
import type { SessionDefinition } from '@tributary/signals/resolved';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { RANDOM_FIELDS, randomSegment } from '@tributary/testkit/inputs/generate-signals';
import type { Random } from '@tributary/testkit/inputs/random';
import { naiveValue } from '@tributary/testkit/oracle/naive-signals';
import { expect, test } from 'vitest';
import { HALF_MS, type Line, live as liveBy, USERS, type World } from './followed-live.ts';

const WHERE = ["type != 'a'", "channel == 'email'", undefined, undefined];

function randomDefinitions(random: Random, { kept }: World, names: readonly string[]) {
  const sessions = names.map((name) => {
    const where = random.pick(WHERE);
    const gap = random.pick(['1h', '90m', '3h', '12h']);
    return [name, { gap, ends: true, keep: { count: 1_000, age: '28d' }, ...(where !== undefined && { where }) }] as const;
  });
  const segments = random.chance(0.3) ? { own: randomSegment(random, HOUR_MS, kept) } : {};
  return definitionsOf({
    ...SMALL_DEFINITIONS,
    fields: RANDOM_FIELDS,
    signalRetention: { days: (kept * HOUR_MS) / DAY_MS, perUser: 20 },
    sessions: Object.fromEntries(sessions),
    segments,
  });
}

const live = (seed: number, world: World, calm?: number) => liveBy(seed, world, randomDefinitions, calm);
const WORLD = { kept: 24 * 30, hours: 70 };

/** What is taken back was said, but for what was known as the definition came into force, at `sinceMs`. */
function netOf(lines: readonly Line[], userKey: string, name: string, version: string, sinceMs: number): string[] {
  const said = new Set<string>();
  for (const line of lines) {
    if (line.userKey !== userKey || line.session !== name || line.version !== version) continue;
    if (line.type === 'session.revised')
      for (const { at, from } of line.takenBack ?? [])
        expect(said.delete(`${from} ${at}`) || at <= sinceMs, `${line.id}: ${from} to ${at} of ${userKey} was never said`).toBe(
          true,
        );
    else said.add(`${line.from} ${line.ts}`);
  }
  return [...said].sort();
}

/** Holds what was said against the sessions that ended; the lines of sessions. */
async function demandSaid(seed: number, world: World): Promise<readonly Line[]> {
  const { definitions, arrived, logTimeMs, sinceMs, lines, store } = await live(seed, world);
  const ids = lines.map(({ type, userKey, id }) => `${type} ${userKey} ${id}`);
  expect(ids.length, `seed ${seed}`).toBe(new Set(ids).size);
  for (const { name, version, resolved } of signalsOf(definitions, sha256Hex).values()) {
    if (resolved.kind !== 'session') continue;
    // Who has a session that is open is in no list.
    expect((await store.serving().members(0, { version, after: null, limit: 10 })).count).toBe(0);
    for (const user of USERS) {
      const own = arrived.filter((event) => userKeyOf(event) === user);
      const question = { definition: resolved as SessionDefinition, fields: RANDOM_FIELDS, sessions: {}, stepMs: HALF_MS };
      const sessions = naiveValue(question, own, logTimeMs + 1) as { from: number; to: number }[];
      const ended = sessions.filter(({ to }) => to <= logTimeMs).map(({ from, to }) => ({ to, text: `${from} ${to}` }));
      const said = netOf(lines, user, name, version, sinceMs);
      const all = new Set(ended.map(({ text }) => text));
      expect(
        said.filter((one) => !all.has(one)),
        `seed ${seed}, ${user}, ${name}: said, and did not end`,
      ).toEqual([]);
      // What lies before the definitions is not said.
      const since = ended.filter(({ to }) => to > sinceMs).map(({ text }) => text);
      expect(
        since.filter((one) => !said.includes(one)),
        `seed ${seed}, ${user}, ${name}: ended, and was not said`,
      ).toEqual([]);
    }
  }
  return lines.filter(({ type }) => type.startsWith('session.'));
}

test('laws 1, 2 and 3: what was said of ends of sessions, less what was taken back, is the sessions that ended, once', async () => {
  const said = new Map<string, number>();
  for (let seed = 1; seed <= 200; seed++)
    for (const { type, cause } of await demandSaid(seed, WORLD)) {
      const what = `${type}${cause === undefined ? '' : ' by an event'}`;
      said.set(what, (said.get(what) ?? 0) + 1);
    }
  for (const what of ['session.ended', 'session.ended by an event', 'session.revised by an event'])
    expect(said.get(what), what).toBeGreaterThan(100);
});

test.each([
  ['hours', [30, 60], 150],
  ['weeks', [360, 528], 60],
] as const)(
  'laws 1 and 3: ends that a clock of the log which ran %s ahead had said are taken back, and said again when their time comes',
  async (_, runsAhead, seeds) => {
    let takenBack = 0;
    for (let seed = 1; seed <= seeds; seed++) {
      const lines = await demandSaid(seed, { ...WORLD, runsAhead });
      takenBack += lines.filter(({ type, cause }) => type === 'session.revised' && cause === undefined).length;
    }
    expect(takenBack).toBeGreaterThan(seeds / 3);
  },
);

test('law 3: the same ends are said whatever events one commit takes', async () => {
  let compared = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const said = [];
    for (const entries of [1, 7, 1_000]) {
      const { lines } = await live(seed, WORLD, entries);
      said.push(
        lines
          .filter(({ session }) => session !== undefined)
          .map((line) => JSON.stringify(line))
          .sort(),
      );
    }
    expect(said[1], `seed ${seed}`).toEqual(said[0]);
    expect(said[2], `seed ${seed}`).toEqual(said[0]);
    compared += said[0]?.length ?? 0;
  }
  expect(compared).toBeGreaterThan(300);
});
