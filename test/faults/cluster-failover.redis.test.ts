/** Laws 1, 3 and 7 when a node of a Redis Cluster fails and its replica, which may lack the newest commits, takes over. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterNode } from '@tributary/testkit/servers/redis-cluster';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RIG_PARTITIONS, type Rig, startRig } from './cluster-rig.ts';
import { type ClusterStores, startClusterStores } from './cluster-stores.ts';

const P = 2;
const KEY = `failing:{${P}}:state`;
let stores: ClusterStores;
let rig: Rig;
let master: ClusterNode;
let replica: ClusterNode;

beforeEach(async () => {
  stores = await startClusterStores({ replicasPerMaster: 1 });
  const { nodes } = stores.cluster;
  master = await stores.cluster.masterOf(KEY);
  replica = nodes.find(({ copies }) => copies !== null && nodes[copies] === master) as ClusterNode;
  const { speed, serving } = await stores.make('failing', RIG_PARTITIONS);
  rig = startRig({ speed, serving, seed: 7, mayLose: true });
  await sleep(700);
});
afterEach(async () => {
  await rig?.stop();
  await stores?.stop();
});

/** The replica gets nothing more: what is committed from here on is lost with the master. */
async function cutReplication(): Promise<void> {
  await replica.admin.config('SET', 'masterauth', 'none that the master knows');
  await master.admin.call('CLIENT', 'KILL', 'TYPE', 'replica');
  await replica.admin.readonly();
}

async function replicaLeads(): Promise<void> {
  await expect.poll(async () => (await stores.cluster.masterOf(KEY)).id).toBe(replica.id);
  await replica.admin.config('SET', 'masterauth', '');
}

const positionOn = async ({ admin }: ClusterNode) => String(await admin.hget(KEY, 'position'));

test('fault 3, under load: the replica that takes over lacks commits: they are read from the log again, and counted once', async () => {
  await cutReplication();
  await sleep(500);
  expect((await positionOn(replica)) < (await positionOn(master)), 'the replica lacks commits').toBe(true);
  await master.server.kill();
  await replicaLeads();
  await sleep(1_000);
  await master.server.restart();
  await sleep(1_000);
  await rig.settle();
  expect(rig.resets.filter((why) => why.includes('fenced'))).toEqual([]);
  expect(rig.resets.length, 'no loop of reloading').toBeLessThan(20);
});

test('fault 3, unnoticed: a worker whose store was rewound while it had nothing to do notices at once', async () => {
  await cutReplication();
  await sleep(300);
  rig.pauseLoad(true);
  await rig.caughtUp();
  expect((await positionOn(replica)) < (await positionOn(master)), 'the replica lacks commits').toBe(true);
  const resets = rig.resets.length;
  await master.server.kill();
  await replicaLeads();
  // The connection asks every two seconds where slots lie.
  await sleep(3_000);
  rig.pauseLoad(false);
  await sleep(500);
  await rig.settle();
  // Whichever comes first: its look at the store, its commit, or a user that it has to load.
  const own = rig.resets.slice(resets).filter((why) => why.startsWith(`p${P}:`));
  expect(own).toEqual([expect.stringMatching(/fenced|rewound|of another writer/)]);
});

test('fault 5: a master that stands still is left for its replica, and its later replies reach no client', async () => {
  process.kill(master.server.pid, 'SIGSTOP');
  try {
    await replicaLeads();
    await rig.caughtUp();
  } finally {
    process.kill(master.server.pid, 'SIGCONT');
  }
  await sleep(1_000);
  await rig.settle();
  expect(rig.resets.filter((why) => why.includes('fenced'))).toEqual([]);
  expect(rig.resets.length).toBeLessThan(20);
});
