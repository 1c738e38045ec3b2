/** Whose lines these are: `decodeLine`, line by line, is the oracle. */
import { encodeEvent } from '@tributary/model/event';
import { decodeLine } from '@tributary/model/reading/decode-line';
import { partitionOf } from '@tributary/model/user-key';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NO_BOUND_MS } from './archived-lines.ts';
import { linesByUser } from './joined-lines.ts';

const NOW = 1_700_000_000_000;
const PARTITIONS = 2;
const ODD = ['ana', 'anna', 'Björk', '用户', 'a:{b} c', 'a"b', 'bert', 'zoë@example.org', 'carl', 'zoé', 'c"d'];
/** Some are the beginning of others. */
const USERS = [...ODD, ...Array.from({ length: 30 }, (_, i) => `user-${i}`)];
const partition = partitionOf('ana', PARTITIONS);
const [HOME = [], AWAY = []] = [true, false].map((isHome) =>
  USERS.filter((user) => (partitionOf(user, PARTITIONS) === partition) === isHome),
);

const line = (userId: string, campaign: string) =>
  encodeEvent({ ts: NOW, receivedAt: NOW, type: 'view', id: 'e', userId, source: 's', campaign });

/** As the store would have them. */
function expected(lines: readonly string[]) {
  const users: { userKey: string; lines: number; text: string }[] = [];
  for (const one of lines) {
    const decoded = decodeLine(one, partition, PARTITIONS, NO_BOUND_MS);
    if (!decoded.ok) return null;
    const last = users.at(-1);
    if (last?.userKey !== decoded.userKey) users.push({ userKey: decoded.userKey, lines: 1, text: `${one}\n` });
    else {
      last.lines++;
      last.text += `${one}\n`;
    }
  }
  return users;
}

const found = (lines: readonly string[]) =>
  linesByUser(Buffer.from(lines.map((one) => `${one}\n`).join('')), { partition, partitions: PARTITIONS })?.map((user) => ({
    ...user,
    text: user.text.toString(),
  })) ?? null;

test('laws 3 and 7: lines are of the users of whom the decoder says they are, and of none where it refuses one', () => {
  // What has a quote or a backslash is not read in place.
  const campaign = fc.constantFrom('plain', 'a"b', 'c\\d', 'été');
  const ofUser = (users: readonly string[]) =>
    fc.tuple(fc.constantFrom(...users), campaign).map(([user, name]) => line(user, name));
  const rare = fc.constantFrom('{}', '', `${line('ana', 'x')} `, line('ana', 'x').slice(0, -1), line(AWAY[0] as string, 'x'));
  let [taken, refused] = [0, 0];
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ arbitrary: ofUser(HOME), weight: 60 }, { arbitrary: rare, weight: 4 }), { maxLength: 30 }),
      (lines) => {
        const users = expected(lines);
        expect(found(lines)).toEqual(users);
        if (users === null) refused++;
        else taken++;
      },
    ),
    { numRuns: 1_000 },
  );
  expect(Math.min(taken, refused)).toBeGreaterThan(50);
});

test('law 3: lines of any two users stay apart, in place or not', () => {
  for (const first of HOME)
    for (const second of HOME) {
      const lines = [first, first, second, second, first].map((user) => line(user, 'x'));
      expect(found(lines)).toEqual(expected(lines));
    }
});

test('law 7: what is of a user who lives elsewhere is not joined', () => {
  expect(found([])).toEqual([]);
  for (const user of AWAY) expect(found([line(user, 'x')])).toBeNull();
});
