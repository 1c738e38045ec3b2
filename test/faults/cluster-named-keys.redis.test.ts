/** What keeps a move of slots safe for scripts to come, too: seen from the server, no script touches a key that it was not given. */
import type { OutboxUnderTest } from '@tributary/testkit/contracts/outbox-contract';
import { commitOf } from '@tributary/testkit/contracts/store-under-test';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ClusterStores, startClusterStores } from './cluster-stores.ts';

const P = 2;
let stores: ClusterStores;
let monitor: Redis;
/** Keys that scripts touched without naming them, with the command. */
const unnamed: string[] = [];
const touched = new Set<string>();

beforeAll(async () => {
  stores = await startClusterStores();
  const { admin } = await stores.cluster.masterOf(`any:{${P}}`);
  monitor = await admin.monitor();
  let named: readonly string[] = [];
  // In the order of execution: the script, then what it does.
  monitor.on('monitor', (_time: string, [command = '', ...args]: string[], source: string) => {
    if (/^eval(sha)?$/i.test(command)) named = args.slice(2, 2 + Number(args[1]));
    if (source !== 'lua') return;
    for (const key of keysOf(command, args)) {
      touched.add(key);
      if (!named.includes(key)) unnamed.push(`${command} ${key}`);
    }
  });
});
function keysOf(command: string, args: readonly string[]): readonly string[] {
  if (/^(del|exists)$/i.test(command)) return args;
  return /^memory$/i.test(command) ? args.slice(1, 2) : args.slice(0, 1);
}

afterAll(async () => {
  monitor?.disconnect();
  await stores?.stop();
});

async function useAll({ speed, serving, outbox }: OutboxUnderTest): Promise<void> {
  const parked = [{ at: 'p1.0', code: 'invalid_json', message: 'no', raw: '{' }];
  const [appends, rewrites] = [new Map([['a', 'x\n']]), new Map([['b', 'y\n']])];
  const conversions = new Map([['c1', 'a']]);
  const deltas = new Map([
    ['activity', new Map([['2026-03-01\tbuy', [1]]])],
    ['conversions', new Map([['2026-03-01\tbuy\tEUR', [1, 2]]])],
  ]);
  const more = { appends, rewrites, conversions, deltas, parked, outputs: ['1', '2'] };
  await speed.commit(commitOf(null, 'p1', { ...more, pending: 1 }));
  const barrier = commitOf('p1', 'p2', { ...more, overflowed: 1, deltasGeneration: 0 });
  await speed.commit({ ...barrier, next: { ...barrier.next, generation: 1 } });
  const many = new Map<string, number[]>();
  for (let i = 0; i < 3_000; i++) many.set(`2026-03-01\ttype ${i}`, [1]);
  await speed.commit(commitOf('p2', 'p3', { deltasGeneration: 1, deltas: new Map([['activity', many]]) }));
  await speed.commit(commitOf('p3', 'p4', { deltasGeneration: 1 }));
  await speed.loadRecords(P, ['a', 'b', 'c'], 1e6);
  await serving.deltas(['activity', 'conversions'], 0);
  await serving.deltas(['activity'], 0, 1);
  await serving.readWhole([P], ['conversions'], 1);
  await serving.follow(['activity'], [null, null, { commitId: 'commit of p3', commits: 3 }, null]);
  await outbox.remove(P, 1);
  await serving.setPointer({ sequence: 1, generation: 1 });
  await serving.retireDeltas(1);
}

test('law 7: every script names every key that it touches', async () => {
  await useAll(await stores.make('named'));
  const kinds = ['state', 'feed', 'u:a', 'u:b', 'd:0:activity', 'd:1:conversions', 'n:0', 'c:0', 'dead', 'outbox'];
  await expect.poll(() => kinds.filter((kind) => !touched.has(`named:{${P}}:${kind}`))).toEqual([]);
  expect(unnamed).toEqual([]);
});
