/** The tasks of a run, each in a child process of its own. */
import { fileURLToPath } from 'node:url';
import { type ChildOptions, runChild, startChild } from '@tributary/archive/child/run-child';
import type { ComputeResult, ComputeSpec, ShardPart, ShardSpec } from '@tributary/archive/compute/spec';
import type { RetirementOutcome } from '@tributary/archive/retention/retired';
import type { Rewritten } from '@tributary/archive/rewrite/rewrite';
import type { Computing } from '../ports.ts';
import type { CompareSpec, Reconciled } from '../specs/compare.ts';
import type { MergeSpec } from '../specs/merge.ts';
import type { RetireSpec } from '../specs/retire.ts';
import type { RewriteSpec } from '../specs/rewrite.ts';
import type { ChildTask } from './tasks.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

export function computeInChild(spec: ComputeSpec, options: ChildOptions): Promise<ComputeResult> {
  return run({ task: 'compute', spec }, options);
}

/** A child that starts now, computes when it is asked to, and then compares. */
export function startComputing(): Computing {
  const child = startChild(MAIN);
  return {
    weigh: (spec, options) => child.ask({ task: 'weigh', spec } satisfies ChildTask, options),
    compute: (spec, options) => child.ask({ task: 'compute', spec } satisfies ChildTask, options),
    compare: (spec, options) => child.run({ task: 'compare', spec } satisfies ChildTask, options),
    end: () => child.end(),
  };
}

export function computePartInChild(spec: ShardSpec, options: ChildOptions): Promise<ShardPart> {
  return run({ task: 'shard', spec }, options);
}

export function weighInChild(spec: ComputeSpec, options: ChildOptions): Promise<number> {
  return run({ task: 'weigh', spec }, options);
}

export function compareInChild(spec: CompareSpec, options: ChildOptions): Promise<Reconciled> {
  return run({ task: 'compare', spec }, options);
}

export function mergeInChild(spec: MergeSpec, options: ChildOptions): Promise<number> {
  return run({ task: 'merge', spec }, options);
}

export function rewriteInChild(spec: RewriteSpec, options: ChildOptions): Promise<Rewritten> {
  return run({ task: 'rewrite', spec }, options);
}

export function retireInChild(spec: RetireSpec, options: ChildOptions): Promise<RetirementOutcome | null> {
  return run({ task: 'retire', spec }, options);
}

function run<Result>(task: ChildTask, options: ChildOptions): Promise<Result> {
  return runChild(MAIN, task, options);
}
