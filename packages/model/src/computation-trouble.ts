/** What people should know of a computation beside the platform, in the words that answers, the console and the command line share. Pure. */
import { span } from './span.ts';

interface Seen {
  readonly name: string;
  readonly version: string;
  readonly state: 'RUNNING' | 'BEHIND' | 'STANDS_STILL' | 'NOT_STARTED';
  readonly lagMs: number | null;
  readonly reportedAt: number | null;
}

/** null: it is up to date. */
export function troubleOf({ name, version, state, lagMs, reportedAt }: Seen, nowMs: number): string | null {
  const of = `computation ${name} (version ${version})`;
  if (state === 'RUNNING') return lagMs === null ? `${of} runs, but it is not known how long lines have waited for it` : null;
  if (state === 'NOT_STARTED') return `${of} has not started yet: its values are of an earlier version, or there are none`;
  if (state === 'BEHIND') return `${of} is behind: a line has waited for it for ${span(lagMs ?? 0)}`;
  return reportedAt === null
    ? `${of} stands still: it has never said how far it is`
    : `${of} stands still: it has said nothing for ${span(nowMs - reportedAt)}`;
}
