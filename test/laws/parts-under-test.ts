/** The real worker and the real serving path, as the simulation drives them. */
import { type Definitions, storedDefinitions } from '@tributary/model/definitions';
import { createDeltaFollower } from '@tributary/serving/deltas/follower';
import { holesInHistory } from '@tributary/serving/freshness/one-history';
import type { SpeedBoard } from '@tributary/serving/freshness/speed-board';
import { createGenerations } from '@tributary/serving/generations/served';
import { createStaged } from '@tributary/serving/generations/staged';
import { SERVING_LIMITS, type ServingDeps } from '@tributary/serving/ports';
import { takeSnapshot } from '@tributary/serving/snapshot';
import type { Group } from '@tributary/serving/snapshot-groups';
import { sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import type { PartsUnderTest } from '@tributary/testkit/simulation/world';
import { GROUPED_VIEWS, withoutCampaign } from '@tributary/views/by-partition';
import type { RowsByView } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';
import type { View } from '@tributary/views/view';
import { createErasedLists } from '../../services/speed/src/partitions/erased-lists.ts';
import { createSpeedWorker } from '../../services/speed/src/pipeline.ts';
import { recallingLog } from '../../services/speed/src/read/recall.ts';

const parsed = new Map<string, Definitions>();

function parse(json: string): Definitions {
  let definitions = parsed.get(json);
  if (definitions === undefined) {
    definitions = storedDefinitions(json, sha256Hex);
    if (parsed.size > 5_000) parsed.clear();
    parsed.set(json, definitions);
  }
  return definitions;
}

/** No timer decides what a seed sees, however slow the machine is, and none is left of a reader that was killed. */
const PATIENCE_MS = Number.POSITIVE_INFINITY;

const READER = { key: 'the reader', isGone: () => false };

/** How far the speed layer lags is not what the simulation asks about, only whether it is of one history with the generation. */
const HEALTHY = {
  furthest: () => [],
  health({ states, manifest }: Parameters<SpeedBoard['health']>[0] & object) {
    const missing = holesInHistory(states, null, manifest);
    return { lagMs: 0, watermark: 0, missing, notOneHistory: missing, notes: [] };
  },
} as unknown as SpeedBoard;

const EVERYTHING = { days: { fromDay: null, toDay: null }, equal: {} };

/** All its rows, without campaigns. */
function rowsOfGroup({ project }: Group): RowsByView {
  const all = (view: View) => ({ ...EVERYTHING, by: withoutCampaign(view).dimensions });
  return new Map(GROUPED_VIEWS.map((view) => [view.name, project(view, all(view))]));
}

export const PARTS_UNDER_TEST: PartsUnderTest = {
  parse,
  createWorker({ archive, onRecall, erased, ...options }) {
    const given = { ...options, sha256Hex, digestOf: sha256Hex };
    if (archive === undefined || erased === undefined) return createSpeedWorker(given);
    const erasedLists = createErasedLists(erased);
    const joinRules = (partition: number) => worker.joinRules(partition);
    const log = recallingLog(options.log, erasedLists.guard(archive), { joinRules, ...(onRecall && { onRecall }) });
    const worker = createSpeedWorker({ ...given, log, erasedLists });
    return worker;
  },
  createReader({ partitions, store, source, definitions }) {
    const unused = () => {
      throw new Error('the simulation does not go there');
    };
    const deps: ServingDeps = {
      partitions,
      store,
      source,
      logReach: { ends: unused, starts: unused, ageAfter: unused },
      storedDefinitions: parse,
      defaultDefinitions: definitions,
      now: () => 0,
      limits: { ...SERVING_LIMITS, patienceMs: PATIENCE_MS, freshMs: PATIENCE_MS },
      onWarning: () => {},
    };
    // Every look finds the pause after a failed load over: what is tried again, and when, is the seed's to decide.
    let lookedMs = 0;
    const generations = createGenerations({
      source: deps.source,
      now: () => (lookedMs += 10_000),
      onWarning: deps.onWarning,
      keep: 2,
    });
    const staged = createStaged(deps.source, deps.now);
    const deltas = createDeltaFollower({ ...deps, patienceMs: PATIENCE_MS });
    let reads = 0;
    return {
      async read() {
        if (reads++ % 5 === 0) await generations.refresh();
        // Costly, and by the same additions as the whole: every fourth answer.
        const grouped = reads % 4 === 0 ? GROUPED_VIEWS : [];
        const snapshot = await takeSnapshot({ deps, generations, staged, board: HEALTHY, deltas }, VIEWS, 'merged', grouped);
        const groups = typeof snapshot.groups === 'object' ? snapshot.groups : null;
        await groups?.prepare(rowsOfGroup, READER);
        const rows: RowsByView = new Map(
          VIEWS.map((view) => [view.name, snapshot.project(view, { ...EVERYTHING, by: view.dimensions })]),
        );
        const { generation, pending, complete, warnings } = snapshot.meta();
        return {
          generation,
          rows,
          groups: groups?.each.map(rowsOfGroup) ?? null,
          pending,
          complete,
          warnings,
          positions: snapshot.states.map((state) => state?.position ?? null),
        };
      },
    };
  },
};
