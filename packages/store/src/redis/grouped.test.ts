import { setImmediate as turn } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { type GroupedReplies, groupedCalls } from './grouped.ts';
import type { Argument } from './packed-call.ts';

/** Notes what each call of the script has, and answers each grouped call with its first argument. */
function world(isCluster = false) {
  const sent: string[][] = [];
  const script = async (args: readonly Argument[]): Promise<GroupedReplies<string>> => {
    const texts = args.map(String);
    sent.push(texts);
    const [keys, ...rest] = texts;
    const replies: (readonly [0, string] | readonly [1, string])[] = [];
    for (let at = Number(keys) + 1; at < rest.length; at += 1 + Number(rest[at])) {
      const first = rest[at + 1] as string;
      replies.push(first.startsWith('ERR') ? [1, first] : [0, first]);
    }
    return replies;
  };
  const calls = groupedCalls<string>({ isCluster } as Redis, script);
  const of = (state: string, ...args: string[]) => calls.together({ state, others: () => [`${state}:other`], args });
  return { sent, of, calls };
}

test('calls of one turn are one, each with its own reply, in order; those of the next turn another', async () => {
  const { sent, of } = world();
  const both = Promise.all([of('a', '1', 'x'), of('b', '2')]);
  expect(sent).toEqual([]);
  expect(await both).toEqual(['1', '2']);
  expect(await of('c', '3')).toBe('3');
  expect(sent).toEqual([
    ['2', 'a', 'b', '2', '2', '1', 'x', '1', '2'],
    ['1', 'c', '1', '1', '3'],
  ]);
});

test('what fails by itself is a reply of Redis, and the others have theirs', async () => {
  const { of } = world();
  const all = await Promise.allSettled([of('a', '1'), of('b', 'ERR b'), of('c', '3')]);
  expect(all).toMatchObject([{ value: '1' }, { reason: { name: 'ReplyError', message: 'ERR b' } }, { value: '3' }]);
});

test('a call that fails whole fails for each, and one without a reply is refused', async () => {
  const lost = groupedCalls<string>({ isCluster: false } as Redis, () => Promise.reject(new Error('lost')));
  const short = groupedCalls<string>({ isCluster: false } as Redis, async () => [[0, 'first']]);
  const twice = (calls: typeof lost) =>
    Promise.allSettled(['a', 'b'].map((state) => calls.together({ state, others: () => [], args: [state] })));
  expect(await twice(lost)).toMatchObject([{ reason: { message: 'lost' } }, { reason: { message: 'lost' } }]);
  expect(await twice(short)).toMatchObject([{ value: 'first' }, { reason: { message: 'a call has no reply' } }]);
});

test('law 7: no call to Redis has more than 65 536 characters, but for a single larger one', async () => {
  const { sent, of } = world();
  const sizes = [30_000, 30_000, 30_000, 200_000, 1, 65_535, 10];
  await Promise.all(sizes.map((size, i) => of(`s${i}`, 'x'.repeat(size))));
  expect(sent.map(([keys]) => Number(keys))).toEqual([2, 1, 1, 2, 1]);
});

test('on a cluster each is a call by itself, at once, with all its keys', async () => {
  const { sent, of } = world(true);
  const both = Promise.all([of('a', '1'), of('b', '2')]);
  await turn();
  expect(sent.map((args) => args.slice(0, 4))).toEqual([
    ['2', 'a', 'a:other', '1'],
    ['2', 'b', 'b:other', '1'],
  ]);
  expect(await both).toEqual(['1', '2']);
});

test('a call that goes alone leaves at once, and those of its turn go without it', async () => {
  const { sent, of, calls } = world();
  const all = [of('a', '1'), calls.alone({ state: 'b', others: () => [], args: ['2'] }), of('c', '3')];
  expect(sent).toEqual([['1', 'b', '1', '1', '2']]);
  expect(await Promise.all(all)).toEqual(['1', '2', '3']);
  expect(sent[1]).toEqual(['2', 'a', 'c', '2', '1', '1', '1', '3']);
});
