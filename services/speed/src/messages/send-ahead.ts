/**
 * Bounds what one commit says to other keys: a link may move all events of its key, and an erasure names every user that the key was ever linked to. What is
 * too much for one goes into the outbox ahead, in commits that change nothing else. They stand at the position before the cause, so the worker that takes
 * the partition over applies that again and says the same under the same numbers; until then answers are incomplete, as for any message that was applied
 * before its sender is known to have sent it.
 */
import { setImmediate as soon } from 'node:timers/promises';
import { encodeMessage } from '@tributary/model/identity/message-line';
import type { Commit, CommitOutcome, SpeedStore } from '@tributary/store/speed-store';
import type { Said } from '../apply/effects.ts';
import type { PartitionRun } from '../partitions/partition-run.ts';

export interface SendingOptions {
  readonly store: Pick<SpeedStore, 'commit'>;
  readonly commitId: () => string;
  /** `messagesLength`: of the lines of one commit, UTF-16 units, and one line more. */
  readonly limits: { readonly messagesLength: number };
}

/** Commits what goes ahead; what is left to commit, with the rest of the messages, or why nothing is. Rejects where an outcome is not known. */
export async function sendAhead(
  run: PartitionRun,
  commit: Commit,
  said: readonly Said[],
  { store, commitId, limits: { messagesLength } }: SendingOptions,
): Promise<Commit | Exclude<CommitOutcome, 'committed' | 'already'>> {
  if (said.length === 0) return commit;
  const { stored } = run;
  let { expectedCommit } = commit;
  let lines: string[] = [];
  let length = 0;
  for (const { message, numbered } of said) {
    // A partition without a commit has no position to stand at.
    if (length > messagesLength && stored !== null) {
      const ahead = messagesAlone(run, stored, { id: commitId(), expectedCommit, messages: lines });
      run.sentCommitId = ahead.id;
      const outcome = await store.commit(ahead);
      if (outcome === 'fenced' || outcome === 'rewound') return outcome;
      run.settledCommitId = ahead.id;
      expectedCommit = ahead.id;
      lines = [];
      length = 0;
      await soon();
    }
    const line = encodeMessage(message, numbered);
    lines.push(line);
    length += line.length;
  }
  return { ...commit, expectedCommit, messages: lines };
}

function messagesAlone(
  { partition }: PartitionRun,
  stored: NonNullable<PartitionRun['stored']>,
  own: Required<Pick<Commit, 'id' | 'expectedCommit' | 'messages'>>,
): Commit {
  return {
    ...{ partition, expected: stored.position, next: stored, deltasGeneration: stored.generation },
    ...{ appends: new Map(), rewrites: new Map(), deltas: new Map(), conversions: new Map(), parked: [] },
    ...{ pending: 0, overflowed: 0 },
    ...own,
  };
}
