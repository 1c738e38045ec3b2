/** Laws 5 and 7: the position of records is that of the commit that they hold, or it is not known; what they are known to hold is known after they were read. */
import type { Command, Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { readPlaced } from './placed-reads.ts';

/** A Redis whose partitions stand at the next of these positions each time that they are asked for; 'NOSCRIPT': it does not know the script. */
function redisAt(answers: readonly (readonly string[] | 'NOSCRIPT')[], rewritten: string | null = null, before = rewritten) {
  const left = [...answers];
  const sent: string[] = [];
  let times = 0;
  const redis = {
    isCluster: false,
    stream: undefined,
    async sendCommand({ name, args }: Command) {
      sent.push(name);
      const answer = left.shift();
      if (answer === 'NOSCRIPT') throw new Error('NOSCRIPT No matching script');
      times++;
      const fieldsOf = (position: string | null) => [
        ...(args.includes('logTimeMs') ? [`${times}`, null, null, rewritten, 'c'] : [before]),
        position,
      ];
      return name === 'hmget' ? fieldsOf(answer?.[0] ?? null) : answer?.map(fieldsOf);
    },
    async script() {
      sent.push('load');
    },
  };
  return { redis: redis as unknown as Redis, sent, left };
}

async function read(partitions: readonly number[], ...answers: readonly (readonly string[] | 'NOSCRIPT')[]) {
  const { redis, sent, left } = redisAt(answers);
  const { result, positions, kept } = await readPlaced(redis, 'test', partitions, async () => sent.push('read'));
  expect(left).toEqual([]);
  const answered = [...kept].map(([partition, one]) => [partition, one?.logTimeMs ?? null]);
  return { result, positions: Object.fromEntries(positions), kept: Object.fromEntries(answered), sent };
}

test('law 5: where a commit came while records were read they are read again, three times at most, and then have no position', async () => {
  expect(await read([0], ['p1'], ['p1'])).toEqual({
    result: 2,
    positions: { 0: 'p1' },
    kept: { 0: 2 },
    sent: ['hmget', 'read', 'hmget'],
  });
  const again = await read([0, 3], ['p1', 'q1'], ['p1', 'q2'], ['p2', 'q2'], ['p2', 'q2']);
  expect([again.positions, again.sent.filter((name) => name === 'read').length]).toEqual([{ 0: 'p2', 3: 'q2' }, 2]);
  const moving = await read([0, 3], ['p1', 'q1'], ['p1', 'q2'], ['p1', 'q2'], ['p1', 'q3'], ['p1', 'q3'], ['p1', 'q4']);
  expect(moving.positions).toEqual({ 0: 'p1' });
  expect(await read([0], [], [])).toMatchObject({ positions: {}, kept: { 0: null } });
});

test('law 7: what records are known to hold is of the last answer, which is behind the last read, also where their position is not known', async () => {
  expect((await read([0, 3], ['p1', 'q1'], ['p1', 'q2'], ['p2', 'q2'], ['p2', 'q2'])).kept).toEqual({ 0: 4, 3: 4 });
  const moving = await read([0, 3], ['p1', 'q1'], ['p1', 'q2'], ['p1', 'q2'], ['p1', 'q3'], ['p1', 'q3'], ['p1', 'q4']);
  expect([moving.kept, moving.sent.at(-1)]).toEqual([{ 0: 6, 3: 6 }, 'evalsha']);
});

test('law 5: a cluster, which sends a command again where a slot moves, is asked for one after the other', async () => {
  const { redis } = redisAt([['p1'], ['q1'], ['p1'], ['q1']]);
  const order: string[] = [];
  const slow = {
    ...redis,
    isCluster: true,
    async sendCommand(command: Command) {
      const answer = (await redis.sendCommand(command)) as (string | null)[];
      order.push(answer.at(-1) ?? '');
      return answer;
    },
  } as unknown as Redis;
  const { positions } = await readPlaced(slow, 'test', [0, 3], async () => order.push('read'));
  expect([Object.fromEntries(positions), order]).toEqual([{ 0: 'p1', 3: 'q1' }, ['p1', 'q1', 'read', 'p1', 'q1']]);
});

test('law 5: where Redis does not know the script it is loaded, and what was asked in vain is asked before the records again', async () => {
  const { positions, kept, sent } = await read([0, 3], 'NOSCRIPT', 'NOSCRIPT', ['p0', 'q0'], ['p1', 'q1'], ['p1', 'q1']);
  expect([positions, kept]).toEqual([
    { 0: 'p1', 3: 'q1' },
    { 0: 3, 3: 3 },
  ]);
  expect(sent.slice(-3)).toEqual(['evalsha', 'read', 'evalsha']);
});

test('law 7: a script that is gone when the last read is answered is asked again behind it', async () => {
  const answers = [
    ['p1', 'q1'],
    ['p1', 'q2'],
    ['p2', 'q2'],
    ['p2', 'q3'],
    ['p2', 'q3'],
  ] as const;
  const { positions, kept, sent } = await read([0, 3], ...answers, 'NOSCRIPT', ['p2', 'q3']);
  expect([positions, kept]).toEqual([
    { 0: 'p2', 3: 'q3' },
    { 0: 6, 3: 6 },
  ]);
  expect(sent.slice(-3)).toEqual(['evalsha', 'load', 'evalsha']);
});

test('law 1: which commit rewrote a record last is known where no commit came while records were read, of a worker that says it', async () => {
  const rewrittenAt = async (said: string | null, ...answers: readonly (readonly string[])[]) => {
    const { redis } = redisAt(answers, said);
    const { rewritten } = await readPlaced(redis, 'test', [0, 3], async () => undefined);
    return Object.fromEntries(rewritten);
  };
  const stood = [
    ['p1', 'q1'],
    ['p1', 'q1'],
  ];
  expect(await rewrittenAt('b\nc', ...stood)).toEqual({ 0: 'b', 3: 'b' });
  expect(await rewrittenAt('b\nb', ...stood)).toEqual({});
  expect(await rewrittenAt(null, ...stood)).toEqual({});
  const moving = [0, 1, 2].flatMap((i) => [
    ['p1', `q${i}`],
    ['p1', `q${i + 1}`],
  ]);
  expect(await rewrittenAt('b\nc', ...moving)).toEqual({ 0: 'b' });
});

test('law 1: a commit that rewrote records while they were read and stays at the position is not known as the last that did', async () => {
  const between = async (before: string | null) => {
    const { redis } = redisAt([['p1'], ['p1']], 'b\nc', before);
    const { positions, rewritten } = await readPlaced(redis, 'test', [0], async () => undefined);
    return [positions.get(0), rewritten.get(0)];
  };
  expect(await between('a\na')).toEqual(['p1', undefined]);
  expect(await between(null)).toEqual(['p1', undefined]);
  // None that came between rewrote records.
  expect(await between('b\nb')).toEqual(['p1', 'b']);
});
