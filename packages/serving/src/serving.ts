/** The merge of one process: what its snapshots are taken of, and what keeps it up to date. */

import type { View } from '@tributary/views/view';
import { createDeltaFollower } from './deltas/follower.ts';
import { createSpeedBoard, POLL_EVERY_MS } from './freshness/speed-board.ts';
import { createGenerations } from './generations/served.ts';
import { createStaged } from './generations/staged.ts';
import type { ServingDeps } from './ports.ts';
import type { ServingContext } from './snapshot.ts';

export function createServing<Deps extends ServingDeps>(deps: Deps): ServingContext & { readonly deps: Deps } {
  const generations = createGenerations(deps);
  return {
    deps,
    generations,
    staged: createStaged(deps.source, deps.now),
    board: createSpeedBoard(deps, generations),
    deltas: createDeltaFollower(deps),
  };
}

/** So that a request after a pause finds little to take up: some 10 000 rows at 5 000 events/s. */
const FOLLOW_EVERY_MS = 200;

/**
 * Polls for newer generations and the state of the speed layer, and follows its commits, from now on until it is stopped. The deltas of `first` are
 * taken into memory as soon as there is a generation, as if they had been asked for: the first question after a start would wait for them. `warmUp`: called
 * once, behind that.
 */
export function keepUpToDate(
  { deps, generations, staged, board, deltas }: ServingContext,
  first: readonly View[] = [],
  warmUp: () => Promise<void> = () => Promise.resolve(),
): () => void {
  const refresh = async () => {
    await generations.refresh().catch((cause: unknown) => deps.onWarning('the newest publication cannot be read', cause));
    staged.letGo(generations.current().served ?? 0);
  };
  // Each by itself: a generation may load for longer than answers may go without a poll of the log.
  const polls = [refresh, () => board.poll()].map(oneAtATime);
  const pollAll = () => {
    for (const poll of polls) void poll();
  };
  // What the log says is held against generations that were known before it was asked: the first time one after the other.
  const started = polls.reduce((before, poll) => before.then(poll), Promise.resolve());
  void started.then(async () => {
    const { served } = generations.current();
    if (first.length > 0 && served !== null)
      await deltas
        .poll(
          served,
          first.map(({ name }) => name),
        )
        .catch(() => undefined);
    // Where it fails, those who ask hear why.
    await warmUp().catch(() => undefined);
  });
  const timer = setInterval(pollAll, POLL_EVERY_MS);
  // A store that is down is reported by the poll, and by every request.
  const following = setInterval(() => void deltas.keepUp().catch(() => undefined), FOLLOW_EVERY_MS);
  return () => {
    clearInterval(timer);
    clearInterval(following);
  };
}

/** Skips its turn while the work begun before is under way. */
function oneAtATime(work: () => Promise<void>): () => Promise<void> {
  let isUnderWay = false;
  return async () => {
    if (isUnderWay) return;
    isUnderWay = true;
    await work().finally(() => {
      isUnderWay = false;
    });
  };
}
