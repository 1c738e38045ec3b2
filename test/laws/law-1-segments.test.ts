/**
 * Laws 1, 2 and 3 of members of segments: whatever dies between, and in whatever batches, who is listed is who the oracle says is in at log time,
 * and what was said of entering and leaving is what happened by then, once.
 */
import { DAY_MS, HOUR_MS } from '@tributary/model/time';
import { userKeyOf } from '@tributary/model/user-key';
import { signalsOf } from '@tributary/signals/definitions/file';
import type { SegmentDefinition } from '@tributary/signals/resolved';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { RANDOM_FIELDS, randomSegment } from '@tributary/testkit/inputs/generate-signals';
import type { Random } from '@tributary/testkit/inputs/random';
import type { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { naiveEpisodes, naiveValue } from '@tributary/testkit/oracle/naive-signals';
import { expect, test } from 'vitest';
import { HALF_MS, type Line, live as liveBy, USERS, type World } from './followed-live.ts';

function randomDefinitions(random: Random, { kept }: World, names: readonly string[]) {
  return definitionsOf({
    ...SMALL_DEFINITIONS,
    fields: RANDOM_FIELDS,
    signalRetention: { days: (kept * HOUR_MS) / DAY_MS, perUser: 20 },
    segments: Object.fromEntries(names.map((name) => [name, randomSegment(random, HOUR_MS, kept)])),
  });
}

const live = (seed: number, world: World, calm?: number) => liveBy(seed, world, randomDefinitions, calm);

/**
 * As a consumer that keeps the newest word on each: what was said, less what was taken back. What is taken back was said, but for what was known as
 * the definition came into force, at `sinceMs`.
 */
function netOf(lines: readonly Line[], userKey: string, name: string, version: string, sinceMs: number): Set<string> {
  const said = new Set<string>();
  for (const line of lines) {
    if (line.userKey !== userKey || line.segment !== name || line.version !== version || !line.type.startsWith('segment.'))
      continue;
    if (line.type === 'segment.revised')
      for (const { kind, at } of line.takenBack ?? [])
        expect(said.delete(`${kind} ${at}`) || at <= sinceMs, `${line.id}: ${kind} ${at} of ${userKey} was never said`).toBe(
          true,
        );
    else said.add(`${line.type.slice('segment.'.length)} ${line.ts}`);
  }
  return said;
}

function segmentsOf(definitions: Awaited<ReturnType<typeof live>>['definitions']) {
  return [...signalsOf(definitions, sha256Hex).values()].map(({ name, version, resolved }) => ({
    name,
    version,
    definition: resolved as SegmentDefinition,
  }));
}

async function listed(store: ReturnType<typeof createMemoryStore>, version: string): Promise<readonly string[]> {
  const { users, count, watched } = await store.serving().members(0, { version, after: null, limit: 1_000 });
  expect(count).toBe(users.length);
  expect(watched?.isWhole).toBe(true);
  return users;
}

test('laws 1, 2 and 3: who is listed as a member is who is in at log time, in any order, through crashes and changes of definitions', async () => {
  let [members, others] = [0, 0];
  for (let seed = 1; seed <= 350; seed++) {
    const { store, definitions, arrived, logTimeMs } = await live(seed, { kept: 20, hours: 50 });
    for (const { version, definition } of segmentsOf(definitions)) {
      const users = await listed(store, version);
      for (const user of USERS) {
        const own = arrived.filter((event) => userKeyOf(event) === user);
        const question = { definition, fields: RANDOM_FIELDS, sessions: {}, stepMs: HALF_MS };
        const { member } = naiveValue(question, own, logTimeMs) as { member: boolean };
        expect({ seed, user, version, member: users.includes(user) }).toEqual({ seed, user, version, member });
        if (member) members++;
        else others++;
      }
    }
  }
  expect(Math.min(members, others)).toBeGreaterThan(100);
});

/** Holds what was said against what happened; the lines of segments. */
async function demandSaid(seed: number, world: World): Promise<readonly Line[]> {
  const { definitions, arrived, logTimeMs, sinceMs, lines } = await live(seed, world);
  const ids = lines.map(({ type, userKey, id }) => `${type} ${userKey} ${id}`);
  expect(ids.length, `seed ${seed}`).toBe(new Set(ids).size);
  for (const { name, version, definition } of segmentsOf(definitions))
    for (const user of USERS) {
      const own = arrived.filter((event) => userKeyOf(event) === user);
      const episodes = naiveEpisodes({ definition, fields: RANDOM_FIELDS, stepMs: HALF_MS }, own, logTimeMs);
      const happened = episodes.flatMap(({ from, to }) => [
        ['entered', from] as const,
        ...(to <= logTimeMs ? [['left', to] as const] : []),
      ]);
      const said = netOf(lines, user, name, version, sinceMs);
      const all = new Set(happened.map(([kind, at]) => `${kind} ${at}`));
      expect(
        [...said].filter((one) => !all.has(one)),
        `seed ${seed}, ${user}, ${name}: said, and did not happen`,
      ).toEqual([]);
      // What lies before the definitions is not said.
      const since = happened.filter(([, at]) => at > sinceMs).map(([kind, at]) => `${kind} ${at}`);
      expect(
        since.filter((one) => !said.has(one)),
        `seed ${seed}, ${user}, ${name}: happened, and was not said`,
      ).toEqual([]);
    }
  return lines.filter(({ type }) => type.startsWith('segment.'));
}

test('laws 1, 2 and 3: what was said of entering and leaving, less what was taken back, is what happened, once', async () => {
  const said = new Map<string, number>();
  for (let seed = 1; seed <= 300; seed++)
    for (const { type } of await demandSaid(seed, { kept: 120, hours: 40 })) said.set(type, (said.get(type) ?? 0) + 1);
  for (const type of ['segment.entered', 'segment.left', 'segment.revised']) expect(said.get(type)).toBeGreaterThan(100);
});

test('laws 1 and 3: what a clock of the log that ran ahead had said is taken back once it is right, and said again when its time comes', async () => {
  let takenBack = 0;
  for (let seed = 1; seed <= 300; seed++) {
    const lines = await demandSaid(seed, { kept: 200, hours: 40, runsAhead: [30, 60] });
    takenBack += lines.filter(({ type, cause }) => type === 'segment.revised' && cause === undefined).length;
  }
  expect(takenBack).toBeGreaterThan(100);
});

test('law 3: the same is said whatever events one commit takes', async () => {
  let compared = 0;
  for (let seed = 1; seed <= 100; seed++) {
    const said = [];
    for (const entries of [1, 7, 1_000]) {
      const { lines } = await live(seed, { kept: 30, hours: 40 }, entries);
      said.push(lines.map((line) => JSON.stringify(line)).sort());
    }
    expect(said[1], `seed ${seed}`).toEqual(said[0]);
    expect(said[2], `seed ${seed}`).toEqual(said[0]);
    compared += said[0]?.length ?? 0;
  }
  expect(compared).toBeGreaterThan(500);
});
