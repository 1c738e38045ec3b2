/** A walk over all users of a partition of a cluster while its slot moves to a node that was passed. */
import calculateSlot from 'cluster-key-slot';
import type { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { createMemberReads } from './member-reads.ts';

test.each([1, 2])(
  'law 7: a walk finds each user who was there all along, where the slot moves to a node that was passed (after step %i)',
  async (movesAfter) => {
    const keys = ['t:{0}:u:ann', 't:{0}:u:bo'];
    let owner = 1;
    const node = (i: number) => ({
      options: { host: 'h', port: 7000 + i },
      on: () => {},
      call: async () => ['0', owner === i ? keys : []],
    });
    const nodes = [node(0), node(1)];
    const slots: string[][] = [];
    // A command that comes to the wrong node is sent on, and the client knows by it where the slot lies.
    const hget = async () => {
      slots[calculateSlot('{0}')] = [`h:${7000 + owner}`];
      return 'c1';
    };
    await hget();
    const cluster = { isCluster: true, nodes: () => nodes, slots, hget, defineCommand: () => {} };
    const { scanUsers } = createMemberReads(cluster as unknown as Redis, 't');
    const found: string[] = [];
    let steps = 0;
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const step: Awaited<ReturnType<typeof scanUsers>> = await scanUsers(0, cursor ?? null);
      found.push(...step.users);
      cursor = step.cursor;
      if (++steps === movesAfter) owner = 1 - owner;
    }
    expect([...new Set(found)].sort()).toEqual(['ann', 'bo']);
  },
);
