/** What an answer needs from outside. `start.ts` gives it the real child process; tests give it hooks. */
import type { ChildOptions } from '@tributary/archive/child/run-child';
import type { ComputeLimits } from '@tributary/archive/compute/spec';
import type { ChangedViews } from '@tributary/archive/plan/other-definitions';
import type { QuestionSpec, QuestionViews, SetMade, SetSpec } from './spec.ts';

/** What each kind of work needs. */
export interface JobPorts {
  readonly dataDir: string;
  readonly now: () => number;
  /** Resolves after `ms`; rejects when aborted. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** A name that no other attempt has: 8 hex digits. */
  readonly newAttempt: () => string;
  readonly note: (message: string, details: Readonly<Record<string, unknown>>) => void;
  readonly limits: QuestionLimits;
}

export interface QuestionPorts extends JobPorts {
  /** A digest of all that decides about rows: those of another program are computed again. */
  readonly program: string;
  /** Holds what other definitions say against their base; resolves with the report of it. */
  readonly compareChanged: (changed: ChangedViews, signal: AbortSignal) => Promise<object>;
  readonly computeViews: (spec: QuestionSpec, options: ChildOptions) => Promise<QuestionViews>;
}

export interface SetPorts extends JobPorts {
  readonly computeSet: (spec: SetSpec, options: ChildOptions) => Promise<SetMade>;
}

export interface QuestionLimits {
  readonly compute: ComputeLimits;
  readonly computeTimeoutMs: number;
}
