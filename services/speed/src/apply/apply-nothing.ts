/** A commit without entries: members of segments go on where more were due than one commit looks at, and nothing else comes. */
import type { PartitionRun } from '../partitions/partition-run.ts';
import { stateOf } from '../partitions/partition-run.ts';
import type { AppliedBatch } from './apply.ts';

/** Moves `run` on to the commit, and changes nothing else. */
export function applyNothing(run: PartitionRun, position: string, commitId: string, logIdentity: string): AppliedBatch {
  const expectedCommit = run.commitId;
  run.commitId = commitId;
  return {
    commit: {
      partition: run.partition,
      expected: position,
      expectedCommit,
      id: commitId,
      next: stateOf(run, position, logIdentity),
      appends: new Map(),
      rewrites: new Map(),
      deltas: new Map(),
      deltasGeneration: run.generation,
      pending: 0,
      overflowed: 0,
      conversions: new Map(),
      parked: [],
    },
    said: [],
    toTrim: [],
    seen: new Map(),
    cuts: new Map(),
    erased: new Set(),
    following: run.following,
    nextFollowing: run.following,
    rules: run.rules,
    counted: 0,
    newest: new Map(),
    late: 0,
    duplicates: 0,
    misplaced: [],
    rest: null,
  };
}
