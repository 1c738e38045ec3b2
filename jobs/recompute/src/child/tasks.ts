/** What the child can be asked, and what it answers: plain JSON over a pipe. */
import type { ComputeResult, ComputeSpec, ShardPart, ShardSpec } from '@tributary/archive/compute/spec';
import type { RetirementOutcome } from '@tributary/archive/retention/retired';
import type { Rewritten } from '@tributary/archive/rewrite/rewrite';
import type { CompareSpec, Reconciled } from '../specs/compare.ts';
import type { MergeSpec } from '../specs/merge.ts';
import type { RetireSpec } from '../specs/retire.ts';
import type { RewriteSpec } from '../specs/rewrite.ts';

export type ChildTask =
  | { readonly task: 'compute'; readonly spec: ComputeSpec }
  | { readonly task: 'weigh'; readonly spec: ComputeSpec }
  | { readonly task: 'shard'; readonly spec: ShardSpec }
  | { readonly task: 'merge'; readonly spec: MergeSpec }
  | { readonly task: 'rewrite'; readonly spec: RewriteSpec }
  | { readonly task: 'retire'; readonly spec: RetireSpec }
  | { readonly task: 'compare'; readonly spec: CompareSpec };

export type ChildResult = ComputeResult | ShardPart | Reconciled | Rewritten | RetirementOutcome | number | null;
