/** What an answer needs from outside. `start.ts` gives it the real child process; tests give it hooks. */
import type { ChildOptions } from '@tributary/archive/child/run-child';
import type { ComputeLimits } from '@tributary/archive/compute/spec';
import type { QuestionSpec, QuestionViews } from './spec.ts';

export interface QuestionPorts {
  readonly dataDir: string;
  readonly computeViews: (spec: QuestionSpec, options: ChildOptions) => Promise<QuestionViews>;
  readonly now: () => number;
  /** Resolves after `ms`; rejects when aborted. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** A name that no other attempt has: 8 hex digits. */
  readonly newAttempt: () => string;
  readonly note: (message: string, details: Readonly<Record<string, unknown>>) => void;
  readonly limits: QuestionLimits;
}

export interface QuestionLimits {
  readonly compute: ComputeLimits;
  readonly computeTimeoutMs: number;
}
