/** An erasure in the world that tests of the console look at: what its receipt says in words, and a generation without the user. */
import { partitionOf } from '@tributary/model/user-key';
import { digestOf } from '../../services/api/test/memory-erasures.ts';
import { PARTITIONS, type World } from '../../services/api/test/world.ts';

export const STATES_OF_BYTES = {
  mayHold: 'may hold them',
  writtenWithout: 'written without them',
  searched: 'searched, none found',
};

export interface WhereErased {
  readonly place: string;
  readonly state: keyof typeof STATES_OF_BYTES;
  readonly holds: string;
  readonly until: string;
}

/** What both layers make of the record of an erasure, up to a generation that readers get. */
export async function recomputeWithout(world: World, userKey: string, generation: number): Promise<void> {
  const partition = partitionOf(userKey, PARTITIONS);
  const erased = [digestOf(userKey)];
  await world.commit(partition, { rewrites: new Map([[userKey, '']]) }, { ...world.states[partition], erased });
  await world.cut(generation, false);
  const manifest = world.manifests.get(generation);
  if (manifest === undefined) throw new Error(`generation ${generation} must be computed`);
  world.manifests.set(generation, { ...manifest, erased, cut: manifest.cut.map(() => '9') });
  await world.publish(generation);
  await world.tick();
}
