/**
 * The computing child: DuckDB's memory, crashes and interrupts stay out of the coordinator's process.
 *
 * In:  one line of JSON on stdin, the task; stdin stays open as long as the parent lives.
 * Out: one line of JSON on stdout (ChildReply) and exit 0, also for a named failure; anything else is a crash.
 */
import { createInterface } from 'node:readline';
import { type ErrorCode, TributaryError } from '@tributary/model/errors';
import { exactJson } from '@tributary/model/exact-json';
import { isDiskFull } from '../durable.ts';

export type ChildReply<Result> =
  | { readonly ok: true; readonly result: Result }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string };

/** Answers the one task that this process was started for, and ends it. */
export function answerTask<Task, Result>(work: (task: Task) => Promise<Result>): void {
  // A parent that was killed can no longer take the answer: what it started must not outlive it.
  process.stdin.on('end', () => process.exit(1));
  createInterface({ input: process.stdin }).once('line', (line) => {
    void replyTo(line, work).then((reply) => {
      process.stdout.write(`${exactJson(reply)}\n`, () => process.exit(0));
    });
  });
}

async function replyTo<Task, Result>(line: string, work: (task: Task) => Promise<Result>): Promise<ChildReply<Result>> {
  try {
    return { ok: true, result: await work(JSON.parse(line) as Task) };
  } catch (error) {
    if (error instanceof TributaryError) return { ok: false, code: error.code, message: error.message };
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, code: isDiskFull(error) ? 'archive_full' : 'compute_failed', message };
  }
}
