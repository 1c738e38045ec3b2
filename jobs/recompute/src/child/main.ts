/**
 * The computing child: DuckDB's memory, crashes and interrupts stay out of the coordinator's process.
 *
 * In:  one line of JSON on stdin (ChildTask); stdin stays open as long as the parent lives.
 * Out: one line of JSON on stdout (ChildReply) and exit 0, also for a named failure; anything else is a crash.
 */
import { createInterface } from 'node:readline';
import { isDiskFull } from '@tributary/archive/durable';
import { TributaryError } from '@tributary/model/errors';
import { exactJson } from '@tributary/model/exact-json';
import { compute, computePart } from '../compute/compute.ts';
import { computeViews } from '../question/compute-views.ts';
import { compareViews } from '../reconcile/compare-views.ts';
import { mergeBlocks } from '../retire/merge-archive.ts';
import type { ChildReply, ChildResult, ChildTask } from './tasks.ts';

// A parent that was killed can no longer take the answer: what it started must not outlive it.
process.stdin.on('end', () => process.exit(1));
createInterface({ input: process.stdin }).once('line', (line) => {
  void answer(line).then((reply) => {
    process.stdout.write(`${exactJson(reply)}\n`, () => process.exit(0));
  });
});

async function answer(line: string): Promise<ChildReply> {
  try {
    return { ok: true, result: await resultOf(JSON.parse(line) as ChildTask) };
  } catch (error) {
    if (error instanceof TributaryError) return { ok: false, code: error.code, message: error.message };
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, code: isDiskFull(error) ? 'archive_full' : 'compute_failed', message };
  }
}

function resultOf({ task, spec }: ChildTask): Promise<ChildResult> {
  switch (task) {
    case 'compute':
      return compute(spec);
    case 'shard':
      return computePart(spec);
    case 'question':
      return computeViews(spec);
    case 'merge':
      return mergeBlocks(spec);
    case 'compare':
      return compareViews(spec);
  }
}
