import { describeErasureContract } from '@tributary/testkit/contracts/erasure-contract';
import { describeFeedContract } from '@tributary/testkit/contracts/feed-contract';
import { describeMembersContract } from '@tributary/testkit/contracts/members-contract';
import { describeOutboxContract } from '@tributary/testkit/contracts/outbox-contract';
import { describeRetirementContract } from '@tributary/testkit/contracts/retirement-contract';
import { describeStoreContract } from '@tributary/testkit/contracts/store-contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ClusterStores, startClusterStores } from '../faults/cluster-stores.ts';
import { expectFollowerLaw } from '../laws/follower-law.ts';

let stores: ClusterStores;
beforeAll(async () => {
  stores = await startClusterStores();
});
afterAll(() => stores?.stop());

describeStoreContract('Redis Cluster', () => stores.make(), { isOfOneMoment: false });
describeFeedContract('Redis Cluster', () => stores.make());
describeOutboxContract('Redis Cluster', () => stores.make());
describeErasureContract('Redis Cluster', () => stores.make());
describeMembersContract('Redis Cluster', () => stores.make());
describeRetirementContract('Redis Cluster', () => stores.make());

test('the partitions of the contract lie on more than one node', async () => {
  const owners = await Promise.all([0, 1, 2, 3].map((partition) => stores.cluster.masterOf(`any:{${partition}}:state`)));
  expect(new Set(owners.map(({ id }) => id)).size).toBe(3);
});

test('law 1: over any history of a store on a cluster, an answer is that of a fresh full read', async () => {
  await expectFollowerLaw(() => stores.make(), 100);
});
