/**
 * A run of the batch layer, named by its generation:
 *
 *   begin ─▶ raise barriers ─▶ wait until sealed ─▶ compute, read back ─▶ publish ─▶ point ─▶ reconcile ─▶ retire, merge, rewrite, retire by age
 *   pending                                                   computed    compare-and-set
 *
 * A run after whose base nothing new came ends at its beginning, without a generation, and leaves a trace of its look.
 * A staged run is reconciled before it is published, and published by hand, or by itself where little moves.
 *
 * The process may die between any two steps: each is idempotent, and the retried run goes on with its generation. Two
 * coordinators may even run at once: files carry the attempt's name, the manifest's states only go forward, publishing is a
 * compare-and-set.
 */
import { sweepShards } from '@tributary/archive/compute/staging';
import { writeLastCheck } from '@tributary/archive/last-check';
import type { GenerationManifest } from '@tributary/archive/layout';
import { currentPublication } from '@tributary/archive/publications';
import { begin } from './begin/begin.ts';
import type { NothingNew } from './begin/nothing-new.ts';
import { computeGeneration } from './compute/compute-generation.ts';
import type { RunPorts } from './ports.ts';
import { type Compared, publishRun } from './publish/publication.ts';
import { reconcile } from './reconcile/reconcile.ts';
import { largestMove, type Reconciliation } from './reconcile/report.ts';
import { forgetInLetters } from './retire/forget-letters.ts';
import { mergeArchive } from './retire/merge-archive.ts';
import { retire } from './retire/retire.ts';
import { retireByAge } from './retire/retire-by-age.ts';
import { forgetInArchive } from './retire/rewrite-archive.ts';
import type { Begun, Run, RunOutcome } from './run.ts';

export async function runGeneration(run: Run, ports: RunPorts, signal: AbortSignal): Promise<RunOutcome> {
  const beginning = await begin(run, ports, signal);
  if (!('begun' in beginning)) return endIdle(beginning, run, ports, signal);
  const { generation } = beginning.begun;
  const done =
    beginning.manifest.state === 'computed'
      ? await publishAndCompare(beginning.manifest, beginning.begun, run, ports, signal)
      : await computing(ports, async (own) => {
          const computed = await computeGeneration(beginning.manifest, run, own, signal);
          return publishAndCompare(computed, beginning.begun, run, own, signal);
        });
  await retire(ports);
  await sweepShards(ports.dataDir, generation);
  await mergeArchive(generation, ports, signal);
  await forgetInArchive(generation, ports, signal);
  await forgetInLetters(generation, ports, signal);
  await retireByAge(generation, ports, signal);
  await ports.reached('retired', generation);
  return done;
}

/** Ports of which `weigh`, `compute` and `compare` are started already, and ended with the work. */
async function computing<T>(ports: RunPorts, work: (ports: RunPorts) => Promise<T>): Promise<T> {
  const started = ports.startComputing?.();
  if (started === undefined) return work(ports);
  const { weigh, compute, compare } = started;
  try {
    return await work({ ...ports, weigh, compute, compare });
  } finally {
    started.end();
  }
}

async function publishAndCompare(
  computed: GenerationManifest,
  begun: Begun,
  run: Run,
  ports: RunPorts,
  signal: AbortSignal,
): Promise<RunOutcome> {
  const { generation } = begun;
  signal.throwIfAborted();
  const ahead = run.promotion === undefined ? null : await reconcile(computed, ports, signal);
  run.report?.({ stage: 'publishing' });
  await run.end?.();
  await ports.reached('decided', generation);
  const { published, stagedBecause } = await publishRun(run, begun, ports, ahead === null ? undefined : comparedIn(ahead));
  await ports.reached('published', generation);
  const publication = await point(ports);
  await ports.reached('pointed', generation);
  // One that a hold keeps from readers is compared as well: somebody may publish it by hand.
  if (published === 'published' || published === 'already' || published === 'held') await reconcile(computed, ports, signal);
  await ports.reached('reconciled', generation);
  return { generation, published, ...(stagedBecause !== undefined && { stagedBecause }), counts: computed.counts, publication };
}

/** One that an earlier version left behind says nothing of defects. */
function comparedIn(ahead: Reconciliation): Compared {
  return {
    moved: ahead.moved === undefined ? largestMove(ahead) : ahead.moved,
    engineDefectRows: ahead.engineDefectRows ?? null,
  };
}

/** A run that found nothing new keeps house as any other. */
async function endIdle({ manifest, check }: NothingNew, run: Run, ports: RunPorts, signal: AbortSignal): Promise<RunOutcome> {
  const { generation, counts } = manifest;
  await run.end?.({ isIdle: true });
  await writeLastCheck(ports.dataDir, check);
  await ports.reached('checked', generation);
  const publication = await point(ports);
  await retire(ports);
  await mergeArchive(generation, ports, signal);
  await forgetInArchive(generation, ports, signal);
  await forgetInLetters(generation, ports, signal);
  await retireByAge(generation, ports, signal);
  return { generation, published: 'nothing_new', counts, publication };
}

/** The pointer is a cache of the newest publication: set it, whichever process published. */
async function point(ports: RunPorts): Promise<RunOutcome['publication']> {
  const publication = await currentPublication(ports.dataDir);
  if (publication !== null)
    await ports.serving.setPointer({ sequence: publication.sequence, generation: publication.generation });
  return publication;
}
