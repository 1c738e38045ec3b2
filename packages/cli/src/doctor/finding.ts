/** What the doctor says about one thing: seen, judged, and what to do. */
import type { Tone } from '../terminal/terminal.ts';

export interface Finding {
  readonly check: string;
  readonly status: Tone;
  readonly detail: string;
  readonly fix?: string;
}

export function ok(check: string, detail: string): Finding {
  return { check, status: 'ok', detail };
}

export function warn(check: string, detail: string, fix: string): Finding {
  return { check, status: 'warn', detail, fix };
}

export function fail(check: string, detail: string, fix: string): Finding {
  return { check, status: 'fail', detail, fix };
}
