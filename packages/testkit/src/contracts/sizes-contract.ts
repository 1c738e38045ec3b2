/** What a store says of the sizes of records: a part of its contract, unless no answer of it is of one moment. */
import { expect, test } from 'vitest';
import { createRandom } from '../inputs/random.ts';
import { commitOf, P, type StoreUnderTest } from './store-under-test.ts';

const COMMITS = 120;
const USERS = ['one', 'two', 'three', 'none'];
/** All of one length, so that records of different lines have the same. */
const LINES = ['a', 'b', 'c'].map((letter) => `{"at":"${letter}"}\n`);

export function testSizes(make: () => Promise<StoreUnderTest>, { isOfOneMoment }: { readonly isOfOneMoment: boolean }): void {
  if (!isOfOneMoment) {
    test('law 1: a store of which no answer is of one moment says nothing of the sizes of records', async () => {
      expect((await make()).serving.recordSizes).toBeUndefined();
    });
    return;
  }

  test('law 1: a record that is as long as when it was read and has the mark that it had then is the same', async () => {
    const { speed, serving } = await make();
    const { recordSizes } = serving;
    if (recordSizes === undefined) return expect.fail('it says nothing of the sizes of records');
    const random = createRandom(7);
    const owners = USERS.map((userKey) => ({ partition: P, userKey }));
    const before: { readonly user: number; readonly text: string; readonly mark: string | undefined }[] = [];
    let [same, other] = [0, 0];
    for (let i = 1; i <= COMMITS; i++) {
      const some = USERS.slice(0, 3).filter(() => random.chance(0.3));
      const lines = some.map((user) => [user, random.pick(LINES).repeat(random.below(3))] as const);
      const change = random.chance(0.1) ? { appends: new Map(), rewrites: new Map(lines) } : { appends: new Map(lines) };
      expect(await speed.commit(commitOf(i === 1 ? null : `p${i - 1}`, `p${i}`, change))).toBe('committed');
      const marks = new Map<number, string | undefined>();
      const onRecords = { position: (at: number, _: string, mark: string | undefined) => marks.set(at, mark), kept: () => {} };
      const records = (await serving.records(owners, 1e6, onRecords)).map((record) => String(record ?? ''));
      const positions = new Map<number, string>();
      let kept = 0;
      const sizes = await recordSizes(owners, {
        position: (at, position) => positions.set(at, position),
        kept: () => void kept++,
      });
      expect(sizes.map(({ bytes }) => bytes)).toEqual(records.map(({ length }) => length));
      expect([[...positions], kept > 0]).toEqual([USERS.map((_, at) => [at, `p${i}`]), true]);
      for (const { user, text, mark } of before) {
        const now = sizes[user];
        if (text.length !== now?.bytes) continue;
        if (mark === now.mark) {
          expect(records[user]).toBe(text);
          same++;
        } else if (records[user] !== text) other++;
      }
      for (const [user, text] of records.entries()) before.push({ user, text, mark: marks.get(user) });
    }
    expect(before.every(({ mark }) => mark !== undefined)).toBe(true);
    expect(same).toBeGreaterThan(COMMITS);
    expect(other).toBeGreaterThan(COMMITS / 4);
  });
}
