/**
 * The slowest files of each project begin first, so that none of them runs alone at the end, beside processors that have nothing to do; and pure ones
 * that wait begin early, for the same reason.
 * Without this a clean checkout begins with the largest files, and those that simulate a thousand seeds are small.
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Pure ones that wait, for a timer or a process: three seconds or more by the clock, and at most a third of them of a processor. They run one after
 * the other beside the slowest, while the tests with servers have work for all processors. At the end, where pure ones are alone, three of these at a
 * time left a processor with nothing to do.
 */
const WAITING = [
  'test/conformance/segment-browser.test.ts',
  'packages/runtime/test/service.test.ts',
  'packages/reports/test/model-runner.test.ts',
  'test/faults/archive-attach.test.ts',
  'test/conformance/segment-node.test.ts',
  'packages/cli/test/settings.test.ts',
  'test/laws/law-7-strangers.test.ts',
  'packages/archive/src/verify.test.ts',
  'packages/cli/test/exit-codes.test.ts',
  'packages/cli/test/widths.test.ts',
  'infra/local/test/managed-process.test.ts',
  'test/conformance/rudderstack-node.test.ts',
  'jobs/recompute/test/staged-schedule.test.ts',
  'services/collector/test/back-pressure.test.ts',
  'jobs/recompute/test/pending.test.ts',
  'services/api/test/stream.test.ts',
  'packages/runtime/src/process/health.test.ts',
  'jobs/recompute/test/names-in-force.test.ts',
  'packages/cli/test/backup-killed.test.ts',
];

/** How many of the slowest begin before those that wait: for each processor of CI one. */
const BEFORE_WAITING = 2;

/**
 * From the slowest: pure ones by the time of processors that each takes, those with servers, which wait as well, by the clock, three side by side. A
 * pure one that is not listed takes less than 10 s, another one less than 30.
 */
const SLOWEST = [
  'test/laws/two-engines-generations.test.ts',
  'test/laws/simulation-b.test.ts',
  'test/laws/simulation-a.test.ts',
  'jobs/recompute/test/run.test.ts',
  'jobs/recompute/test/shards.test.ts',
  'test/laws/law-5-identity.test.ts',
  'jobs/recompute/test/staged.test.ts',
  'test/laws/two-engines.test.ts',
  'jobs/recompute/test/corrections.test.ts',
  'test/laws/law-1-joined-records.test.ts',
  'test/models/coverage.test.ts',
  'jobs/question/test/other-definitions.test.ts',
  'test/laws/law-5-history.test.ts',
  'jobs/recompute/test/reconciled.test.ts',
  'jobs/recompute/test/erasure.test.ts',
  'test/laws/law-7-foreign-lines.test.ts',
  'jobs/recompute/test/erasure-bytes.test.ts',
  'test/laws/law-1-segments.test.ts',
  'test/laws/two-engines-journeys.test.ts',
  'test/models/change.test.ts',
  'jobs/recompute/test/retention.test.ts',
  'jobs/recompute/test/cancel.test.ts',
  'test/laws/law-1-sessions.test.ts',
  'jobs/recompute/test/far-barrier.test.ts',
  'jobs/recompute/test/erasure-in-flight.test.ts',
  'jobs/recompute/test/rebuild.test.ts',
  'jobs/recompute/test/plan.test.ts',
  'jobs/recompute/test/sessions.test.ts',
  'services/api/test/data-driven.test.ts',
  'packages/signals/test/json-schema.test.ts',
  'test/laws/law-2-counted-once.test.ts',
  'test/faults/kafka-processes.kafka.test.ts',
  'test/faults/batch-workers.redis.test.ts',
  'test/faults/kafka-brokers.kafka.test.ts',
  'test/faults/kafka-network.kafka.test.ts',
  'test/contract/log.kafka.test.ts',
  'test/conformance/console-states.browser.test.ts',
  'test/faults/processes.e2e.test.ts',
  'test/conformance/tracker-delivery.browser.test.ts',
  'test/e2e/joined.e2e.test.ts',
  'jobs/recompute/test/main.redis.test.ts',
  'test/e2e/erased.e2e.test.ts',
  'infra/local/test/start.e2e.test.ts',
  'test/faults/kafka-topic.kafka.test.ts',
  'test/laws/simulation.redis.test.ts',
  'test/e2e/story.kafka.test.ts',
  'test/docs/commands.e2e.test.ts',
  'test/conformance/console.browser.test.ts',
  'test/faults/archiver-kill.redis.test.ts',
  'test/e2e/object-store.clients.test.ts',
  'test/faults/rebalance-storm.redis.test.ts',
  'test/faults/cluster-failover.redis.test.ts',
  'test/conformance/console-platform.browser.test.ts',
];

/** It measures how long a processor works for each start: once those with servers are over. */
const LATE = 'packages/cli/test/starts.test.ts';

/** Files behind it, as it leaves all processors but one to others. */
const BEHIND_LATE = 60;

export const ORDER = [...SLOWEST.slice(0, BEFORE_WAITING), ...WAITING, ...SLOWEST.slice(BEFORE_WAITING)];
export const NAMED = [...ORDER, LATE];

export class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const at = ORDER.findIndex((name) => moduleId.endsWith(`/${name}`));
      return at < 0 ? ORDER.length : at;
    };
    const group = ({ project }: TestSpecification) => project.config.sequence.groupOrder;
    // What has a process for itself comes first: a worker that is shared ends where another kind of file is next.
    const isShared = ({ project }: TestSpecification) => Number(!project.config.isolate);
    // A stable sort: within a project the rest stays as it was.
    const sorted = await super.sort(files);
    const specs = sorted.toSorted((a, b) => group(a) - group(b) || isShared(a) - isShared(b) || place(a) - place(b));
    return withLate(
      specs,
      ({ moduleId }) => moduleId.endsWith(`/${LATE}`),
      ({ project }) => project,
    );
  }
}

/** The late one has some behind it of its own kind, where there are as many. */
export function withLate<T>(files: readonly T[], isLate: (file: T) => boolean, kindOf: (file: T) => unknown): T[] {
  const at = files.findIndex(isLate);
  const late = files[at];
  if (late === undefined) return [...files];
  const last = files.findLastIndex((file) => kindOf(file) === kindOf(late));
  return files.toSpliced(at, 1).toSpliced(Math.max(at, last - BEHIND_LATE), 0, late);
}
