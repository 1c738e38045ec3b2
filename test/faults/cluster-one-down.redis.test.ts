/** A node of a Redis Cluster without a replica is down for long: what lies on the others goes on. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RIG_PARTITIONS, type Rig, startRig } from './cluster-rig.ts';
import { type ClusterStores, startClusterStores } from './cluster-stores.ts';

let stores: ClusterStores;
let rig: Rig;
beforeEach(async () => {
  stores = await startClusterStores();
  const { speed, serving } = await stores.make('down', RIG_PARTITIONS);
  rig = startRig({ speed, serving, seed: 3 });
  await sleep(700);
});
afterEach(async () => {
  await rig?.stop();
  await stores?.stop();
});

const keyOf = (partition: number) => `down:{${partition}}:state`;

test('partitions of the other nodes go on, and those of the node are caught up with when it is back', async () => {
  const down = await stores.cluster.masterOf(keyOf(2));
  const owners = await Promise.all(
    Array.from({ length: RIG_PARTITIONS }, (_, partition) => stores.cluster.masterOf(keyOf(partition))),
  );
  const others = owners.flatMap((owner, partition) => (owner === down ? [] : [{ owner, partition }]));
  const positions = () => Promise.all(others.map(({ owner, partition }) => owner.admin.hget(keyOf(partition), 'position')));
  await down.server.kill();
  await sleep(2_500);
  const before = await positions();
  const behind = async () => (await positions()).filter((position, i) => String(position) <= String(before[i]));
  await expect.poll(behind).toEqual([]);
  await down.server.restart();
  await rig.settle();
});
