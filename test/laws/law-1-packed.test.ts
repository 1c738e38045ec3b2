/** Timelines that are held as numbers (packed-timelines.ts) beside plain `step` over objects, which is the oracle. */
import { userKeyOf } from '@tributary/model/user-key';
import { generateEvents } from '@tributary/testkit/inputs/generate';
import { generateDefinitions } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom, type Random } from '@tributary/testkit/inputs/random';
import type { RowsByView } from '@tributary/views/deltas';
import { createPackedTimelines, type HeldTimeline, heldTimeline, type PackedTimelines } from '@tributary/views/packed-timelines';
import { VIEWS } from '@tributary/views/registry';
import { type StepRules, step, stepRules } from '@tributary/views/step';
import { cutPackedUpTo, stepPacked } from '@tributary/views/step-packed';
import { cutUpTo, emptyUser, type UserState } from '@tributary/views/user-state';
import { workOfUser } from '@tributary/views/work';
import { expect, test } from 'vitest';

/** One user in both forms. */
interface Both {
  readonly plain: UserState;
  readonly held: HeldTimeline;
}

/** With some seeds no view counts anything, as in what lies before the oldest generation that is read. */
function rulesOf(random: Random, seed: number): StepRules {
  const definitions = generateDefinitions(random);
  const rules = stepRules(VIEWS, definitions, random.pick([1, 5, 30, 60, 10_000]), random.chance(0.3));
  return seed % 5 === 4 ? { ...rules, groups: [] } : rules;
}

/** What a user holds, without the map of ids, which is only there to be quick. */
function shown({ events, pruneAtLength, cutTs }: UserState) {
  return { events, pruneAtLength, cutTs };
}

function userOf(users: Map<string, Both>, timelines: PackedTimelines, key: string): Both {
  const user = users.get(key) ?? { plain: emptyUser(), held: heldTimeline(timelines) };
  users.set(key, user);
  return user;
}

test('law 1: a timeline that is held packed gives the outcomes, rows and events of plain `step`, whatever comes', () => {
  const seen = { fates: new Set<string>(), long: 0, packedAgain: 0, compacted: 0, evicted: 0, takenOver: 0, overflowed: 0 };
  for (let seed = 0; seed < 150; seed++) {
    const random = createRandom(seed);
    const rules = rulesOf(random, seed);
    const shape = {
      events: random.pick([30, 100, 250]),
      users: random.pick([1, 1, 2, 6]),
      lateChance: random.pick([0, 0.05, 0.3]),
      duplicateChance: random.pick([0, 0.1, 0.3]),
      restamps: random.chance(0.5),
    };
    const timelines = createPackedTimelines();
    const users = new Map<string, Both>();
    const [expected, rows]: [RowsByView, RowsByView] = [new Map(), new Map()];
    let logTimeMs = 0;
    for (const [i, event] of generateEvents(random, shape, rules.definitions).entries()) {
      logTimeMs = Math.max(logTimeMs, event.receivedAt);
      const key = userKeyOf(event);
      const { plain, held } = userOf(users, timelines, key);
      const wasLong = held.long !== undefined;
      const [ofPlain, ofHeld] = [workOfUser(), workOfUser()];
      const outcome = step(plain, event, logTimeMs, rules, expected, ofPlain);
      const where = `seed ${seed}, event ${i}`;
      expect(stepPacked(held, event, logTimeMs, rules, rows, ofHeld), where).toEqual(outcome);
      expect(ofHeld.left, where).toBe(ofPlain.left);
      seen.fates.add(outcome.fate);
      if (outcome.takenOver !== undefined) seen.takenOver++;
      if (outcome.overflowed) seen.overflowed++;
      if (held.long !== undefined) seen.long++;
      if (random.chance(held.long === undefined ? 0.01 : 0.05)) {
        const cutTs = event.ts - random.below(rules.definitions.latenessMs);
        cutUpTo(plain, cutTs);
        cutPackedUpTo(held, cutTs);
      }
      if (wasLong && held.long === undefined) seen.packedAgain++;
      if (random.chance(0.01)) {
        timelines.release(held);
        users.delete(key);
        seen.evicted++;
      }
      if (random.chance(0.02)) {
        timelines.compact([...users.values()].map((user) => user.held));
        seen.compacted++;
      }
      if (random.chance(0.1)) for (const user of users.values()) expectSame(user, where);
    }
    for (const user of users.values()) expectSame(user, `seed ${seed}, at the end`);
    expect(rows, `seed ${seed}`).toEqual(expected);
  }
  expect([...seen.fates].sort()).toEqual(['counted', 'duplicate', 'late']);
  for (const [what, count] of Object.entries(seen)) if (typeof count === 'number') expect(count, what).toBeGreaterThan(5);
});

function expectSame({ plain, held }: Both, where: string): void {
  expect(held.length, where).toBe(plain.events.length);
  expect(shown(held.timelines.open(held)), where).toEqual(shown(plain));
}

test('law 7: what timelines reserve follows what is held: as users come, grow and go, and whatever names they choose', () => {
  const random = createRandom(7);
  const timelines = createPackedTimelines();
  const definitions = generateDefinitions(createRandom(1));
  const rules = stepRules([], definitions);
  const users = new Map<string, HeldTimeline>();
  const touch = [...definitions.touchWindowMs.keys()][0] as string;
  let n = 0;
  for (let round = 0; round < 40; round++) {
    // Users of one length leave blocks that those of the next have no use for; later no block is wasted, and only names are. None comes twice.
    const length = round < 20 ? random.pick([1, 3, 7, 11, 20, 40]) : 6;
    for (let u = 0; u < 200; u++) {
      const user = heldTimeline(timelines);
      users.set(`${round} ${u}`, user);
      for (let i = 0; i < length; i++, n++) {
        const event = { ts: n, id: `${n}`, receivedAt: n, type: touch, channel: 'mail', campaign: `campaign ${n}` };
        stepPacked(user, event, n, rules, new Map());
      }
    }
    for (const key of [...users.keys()].slice(0, users.size - 300)) {
      timelines.release(users.get(key) as HeldTimeline);
      users.delete(key);
    }
    if (timelines.isWasteful()) timelines.compact(users.values());
    const held = [...users.values()].reduce((sum, user) => sum + user.length, 0);
    const { records, kinds } = timelines.reserved();
    expect(records).toBeLessThan(2_048 + 6 * held);
    expect(kinds).toBeLessThan(1_024 + 4 * held);
    const wrong = [...users.values()]
      .flatMap((user) => timelines.open(user).events)
      .filter(({ id, place }) => place !== `mail\tcampaign ${id}`);
    expect(wrong).toEqual([]);
  }
});
