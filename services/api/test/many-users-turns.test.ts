/** Questions about many users, some at a time. */
import type { Asker } from '@tributary/runtime/http/turns-of-keys';
import { expect, test, vi } from 'vitest';
import { createManyUsersTurns } from '../src/http/many-users-turns.ts';
import { createRecordReader } from '../src/http/record-reader.ts';

const of = (key: string) => ({ key, isGone: () => false });

/** Work that ends when `end` names it. */
function slowWork() {
  const begun: string[] = [];
  const open = new Map<string, (error?: Error) => void>();
  const work = (name: string) => () => {
    begun.push(name);
    return new Promise<string>((resolve, reject) => open.set(name, (error) => (error ? reject(error) : resolve(name))));
  };
  const turn = () => new Promise(setImmediate);
  const end = async (name: string, error?: Error) => {
    open.get(name)?.(error);
    await turn();
  };
  return { begun, work, end };
}

test('law 7: as many questions about many users are under way as may be, keys take turns, and one that fails leaves its place to the next', async () => {
  const turns = createManyUsersTurns(2, 100, 60_000);
  const { begun, work, end } = slowWork();
  const asked = ['a1', 'a2', 'a3', 'a4', 'b1', 'b2'].map((name) => turns.run(of(name.slice(0, 1)), work(name)));
  const settled = Promise.allSettled(asked);
  expect(begun).toEqual(['a1', 'a2']);
  await end('a2', new Error('down'));
  expect(begun).toHaveLength(3);
  await end('a1');
  expect(begun.slice(2).sort()).toEqual(['a3', 'b1']);
  for (const name of ['a3', 'b1', 'a4', 'b2']) await end(name);
  expect((await settled).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', ...new Array(4).fill('fulfilled')]);
  expect(begun).toHaveLength(6);
  const later = [turns.run(of('c'), work('c1')), turns.run(of('c'), work('c2'))];
  expect(begun.slice(6)).toEqual(['c1', 'c2']);
  for (const name of ['c1', 'c2']) await end(name);
  expect(await Promise.all(later)).toEqual(['c1', 'c2']);
});

test('law 7: those that wait are bounded, and keys share the bound', async () => {
  const turns = createManyUsersTurns(1, 4, 60_000);
  const { begun, work, end } = slowWork();
  const asked = ['a1', 'a2', 'a3'].map((name) => turns.run(of('a'), work(name)));
  let refusal: unknown;
  turns.run(of('a'), work('a4')).catch((error: unknown) => (refusal = error));
  const other = turns.run(of('b'), work('b1'));
  await end('');
  expect(refusal).toMatchObject({
    code: 'overloaded',
    message: '2 questions about many users wait for this key already, and 2 for all keys',
  });
  for (let i = 0; i < begun.length; i++) await end(begun[i] as string);
  expect(await Promise.all([...asked, other])).toEqual(['a1', 'a2', 'a3', 'b1']);
  expect(begun).not.toContain('a4');
});

test('law 7: a question whose client left while it waited is not begun, and leaves its place and its part of the bound', async () => {
  const turns = createManyUsersTurns(1, 4, 60_000);
  const { begun, work, end } = slowWork();
  const gone = new Set<string>();
  const ask = (name: string) => turns.run({ key: name.slice(0, 1), isGone: () => gone.has(name) }, work(name));
  const first = ask('a1');
  const settled = Promise.allSettled(['a2', 'a3', 'b1'].map(ask));
  for (const name of ['a2', 'b1']) gone.add(name);
  await end('a1');
  expect(begun).toEqual(['a1', 'a3']);
  const others = ['a4', 'a5'].map(ask);
  for (const name of ['a3', 'a4', 'a5']) await end(name);
  expect(await Promise.all([first, ...others])).toEqual(['a1', 'a4', 'a5']);
  expect((await settled).map((one) => (one.status === 'fulfilled' ? one.value : one.reason.code))).toEqual([
    'overloaded',
    'a3',
    'overloaded',
  ]);
  gone.add('a7');
  const [last, left] = [ask('a6'), ask('a7').catch(({ code }) => code)];
  await end('a6');
  expect([await last, await left, await Promise.all([ask('c1'), end('c1')])]).toEqual(['a6', 'overloaded', ['c1', undefined]]);
});

test('law 7: a question whose turn does not come in time is given up, and leaves its part of the bound', async () => {
  vi.useFakeTimers();
  try {
    const turns = createManyUsersTurns(1, 2, 1_000);
    const begun: string[] = [];
    const never = () => new Promise<never>(() => undefined);
    void turns.run(of('a'), never);
    const given: string[] = [];
    const ask = () => turns.run(of('a'), async () => begun.push('late')).catch(({ message }) => given.push(message));
    void ask();
    await vi.advanceTimersByTimeAsync(999);
    await ask();
    void ask();
    await vi.advanceTimersByTimeAsync(1);
    void ask();
    await vi.advanceTimersByTimeAsync(1_000);
    const many = '1 questions about many users wait for this key already, and 1 for all keys';
    const late = 'a question about many users was given up: its turn did not come in 1 s';
    expect([given, begun]).toEqual([[many, many, late, late], []]);
  } finally {
    vi.useRealTimers();
  }
});

test('law 7: of questions about a thousand users eight are read at a time, one about few does not wait for them', async () => {
  const begun: number[] = [];
  const open: (() => void)[] = [];
  const store = {
    relayed: async () => [],
    records: (users: readonly unknown[]) => {
      begun.push(users.length);
      return new Promise<null[]>((resolve) => open.push(() => resolve(users.map(() => null))));
    },
  };
  const keys = { partitions: 1, pollForJoined: () => undefined, joinedMs: () => null, now: () => 0 };
  const reader = createRecordReader(store, keys);
  const read = (users: number, asker: Asker | string = 'key') =>
    reader.read(
      asker,
      Array.from({ length: users }, (_, i) => ({ partition: 0, userKey: `u${i}` })),
      ({ length }) => length,
    );
  const many = Array.from({ length: 20 }, () => read(1_000));
  const few = read(100);
  const left = read(300, { key: 'other', isGone: () => true }).catch(({ code }) => code);
  expect(begun).toEqual([...new Array(8).fill(1_000), 100]);
  while (open.length > 0) {
    for (const answer of open.splice(0)) answer();
    await new Promise(setImmediate);
  }
  expect([await few, await left, ...(await Promise.all(many))]).toEqual([100, 'overloaded', ...new Array(20).fill(1_000)]);
  expect(begun).not.toContain(300);
});
