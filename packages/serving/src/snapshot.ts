/** One consistent snapshot of both layers: what every report is computed from. */

import type { Definitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
import type { Asker } from '@tributary/runtime/http/turns-of-keys';
import type { PartitionState } from '@tributary/store/speed-store';
import type { Rows } from '@tributary/views/deltas';
import type { View } from '@tributary/views/view';
import type { DeltaFollower, DeltasSnapshot } from './deltas/follower.ts';
import { followedDefinitions } from './followed-definitions.ts';
import { cutsApart } from './freshness/cut-apart.ts';
import { gapsAtCut } from './freshness/in-flight.ts';
import { retiredDays, wholeOf } from './freshness/retired-days.ts';
import type { SpeedBoard } from './freshness/speed-board.ts';
import { whyNotCounted } from './freshness/uncounted-views.ts';
import { type GroupsLack, groupsOf } from './generations/groups.ts';
import type { LoadedGeneration } from './generations/loaded.ts';
import type { Generations } from './generations/served.ts';
import { onlyThis, type StagedGenerations } from './generations/staged.ts';
import { type AskedLayers, type Collection, collectionOf, type Layers, projectionOf, type Selection } from './merge.ts';
import { type Findings, type Meta, metaOf } from './meta.ts';
import type { ServingDeps } from './ports.ts';
import { createGroups, type Groups } from './snapshot-groups.ts';
import { takeLayers } from './take-layers.ts';
import { type Answers, type Asked, whenReady } from './when-ready.ts';

/** What snapshots are taken of; a process has one of each. */
export interface ServingContext {
  readonly deps: ServingDeps;
  readonly generations: Generations;
  readonly staged: StagedGenerations;
  readonly board: SpeedBoard;
  readonly deltas: DeltaFollower;
}

export interface Snapshot {
  /**
   * Rows of a view (one of those the snapshot was taken of) under a selection, both layers added. Shared with other
   * requests: callers do not change it. It never changes by itself either, and while nothing new was counted, the same
   * question gives the very same object: what is computed from it may be remembered under it (a WeakMap).
   */
  project(view: View, selection: Selection): Rows;
  /** Likewise the sums of all that `collection.map` emits for the rows of a view in a range of days, both layers added. */
  collect(view: View, collection: Collection): Rows;
  /**
   * What `work` makes of the answers. It only computes, and may be run several times: what it asks for and is not at hand is answered first, some
   * thousand rows at a turn, so that other requests do not wait. Afterwards the snapshot has these answers. Keys take turns; rejects as `whenReady`.
   */
  ready<T>(asker: Asker, work: (snapshot: Snapshot) => T): Promise<T>;
  /**
   * What each partition, a group of users, adds to `project` and `collect`: together they are it. Only for views that were asked for by
   * partition, and without their campaigns, which rows of groups do not have. null: none was asked for.
   */
  readonly groups: Groups | GroupsLack | null;
  /** Definitions that the rows follow: the batch side's first, then those that partitions follow where they differ. */
  readonly definitions: readonly [Definitions, ...Definitions[]];
  /** When the generation of the batch side was cut: events that came later are not in its rows, epoch ms; null: there is none yet. */
  readonly cutMs: number | null;
  /** The newer generation that readers should get and that is being loaded; null: there is none. */
  readonly newer: number | null;
  /** Each partition as of the commit that the rows are of. */
  readonly states: readonly (PartitionState | null)[];
  meta(findings?: Findings): Meta;
}

/**
 * The pointer is taken once: the view, the deltas and the meta of an answer all belong to that one generation (fault 16).
 * A store that does not answer in time leaves the last consistent snapshot, as long as it is not too old; the answer then is
 * incomplete and says why. Rejects with `store_unavailable`, `not_ready` or `view_not_computed`; never resolves with less than everything.
 * `grouped`: those of the views that are asked for by partition as well. With `staged` both layers are added, from the cut of the staged
 * generation on; rejects with `not_found` where none waits.
 */
export async function takeSnapshot(
  context: ServingContext,
  views: readonly View[],
  wanted: AskedLayers,
  grouped: readonly View[] = [],
): Promise<Snapshot> {
  const { deps, board, deltas } = context;
  const generations = wanted === 'staged' ? onlyThis(await context.staged.take()) : context.generations;
  const layers: Layers = wanted === 'staged' ? 'merged' : wanted;
  const furthest = board.furthest();
  const names = layers === 'batch' ? [] : views.map((view) => view.name);
  const { served, speed, stale } = await takeLayers({ deps, generations, deltas }, names);
  const { loaded } = served;
  const isDemanded = (view: View) => !(view.onlyForIntervals === true && grouped.includes(view));
  if (layers !== 'speed') demandViews(loaded, views.filter(isDemanded));
  const pointed = generations.current().wanted;
  // Real time has all rows by partition, whatever the generation lacks.
  const ofGroups = layers === 'speed' ? ONLY_LIVE : () => groupsOf(deps.source, loaded, grouped, deps.partitions);
  const { states, pending, overflowed } = speed;
  const whyNotCountedOf = (some: readonly View[]) => (layers === 'batch' ? [] : whyNotCounted(states, some, loaded.generation));
  const isLacking = whyNotCountedOf(grouped).length > 0;
  const kept = grouped.length === 0 ? null : isLacking ? 'groups_not_kept' : await ofGroups();

  // What is held was read before anybody could ask where the store stood.
  const health = board.health({ states, manifest: loaded.manifest, furthest: stale === null ? furthest : [] });
  const apart = cutsApart(states, loaded.manifest);
  const definitions = followedDefinitions(states, loaded, layers, deps);
  // Each pair of partitions is looked at.
  const isAlone = layers === 'batch' && loaded.manifest !== null && definitions.own.joinedMs !== null;
  const atCut = isAlone ? gapsAtCut(states, loaded.manifest) : [];
  const uncounted = whyNotCountedOf(views.filter(isDemanded));
  const isBeside = layers === 'speed' && loaded.manifest !== null;
  const retired = retiredDays(isBeside ? null : await wholeOf(deps.source, loaded, definitions.own));
  const found = { layers: wanted, served, pending, overflowed, health, stale, apart, atCut, uncounted, definitions };

  const answers = answersOf(speed, loaded, layers);
  const snapshot: Snapshot = {
    ...retired.watched<Asked>({
      project: (view, selection) => answers.answer(projectionOf(view, selection)),
      collect: (view, collection) => answers.answer(collectionOf(view, collection)),
    }),
    ready: (asker, work) => whenReady(snapshot, asker, answers, (own) => work(retired.watched(own))),
    groups:
      kept === null || typeof kept === 'string'
        ? kept
        : createGroups(deps.partitions, {
            ofBatch: kept.answer,
            ofLive:
              layers === 'batch' ? null : (partition, question, goOn) => speed.ofPartition(partition, loaded, question, goOn),
          }),
    definitions: [definitions.own, ...definitions.others],
    cutMs: loaded.manifest?.createdAt ?? null,
    newer: pointed !== null && served.failure === null && pointed.generation > loaded.generation ? pointed.generation : null,
    states,
    meta: (findings = { holes: [], notes: [] }) => metaOf({ ...found, retired: retired.lacks() }, findings),
  };
  return snapshot;
}

/** What was answered in turns is at hand from then on. */
function answersOf(speed: DeltasSnapshot, loaded: LoadedGeneration, layers: Layers): Answers {
  const prepared = new Map<string, Rows>();
  return {
    isAtHand: (question) => prepared.has(question.key) || speed.isQuick(loaded, question, layers),
    answer: (question) => prepared.get(question.key) ?? speed.answer(loaded, question, layers),
    async prepare(question, goOn) {
      prepared.set(question.key, await speed.answerInTurns(loaded, question, layers, goOn));
    },
  };
}

/** No rows of a generation. */
const ONLY_LIVE = async () => ({ answer: null });

/** A view that an upgrade added has no rows in the generations before it: none at all must not pass for zero. */
function demandViews({ generation, manifest }: LoadedGeneration, views: readonly View[]): void {
  const missing = views.filter(({ name }) => manifest !== null && manifest.views[name] === undefined);
  if (missing.length > 0)
    throw new TributaryError(
      'view_not_computed',
      `generation ${generation} was computed without the view ${missing.map(({ name }) => `"${name}"`).join(', ')}`,
    );
}
