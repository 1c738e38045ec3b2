/**
 * The computing child: DuckDB's memory, crashes and interrupts stay out of the coordinator's process.
 *
 * In:  a line of JSON on stdin, the task; stdin stays open as long as the parent lives.
 * Out: a line of JSON on stdout (ChildReply), also for a named failure, and exit 0 where no other task is to come; anything else is a crash.
 */
import { createInterface } from 'node:readline';
import { type ErrorCode, TributaryError } from '@tributary/model/errors';
import { exactJson } from '@tributary/model/exact-json';
import { isDiskFull } from '../durable.ts';

export type ChildReply<Result> =
  | { readonly ok: true; readonly result: Result }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string };

/** Answers the task that this process was started for, and ends it; where the task says that the child `stays`, the next one. */
export function answerTask<Task, Result>(work: (task: Task) => Promise<Result>): void {
  // A parent that was killed can no longer take the answer: what it started must not outlive it.
  process.stdin.on('end', () => process.exit(1));
  createInterface({ input: process.stdin }).on('line', (line) => {
    const task = JSON.parse(line) as Task & { readonly stays?: boolean };
    void replyTo(task, work).then((reply) => {
      process.stdout.write(`${exactJson(reply)}\n`, () => {
        if (task.stays !== true) process.exit(0);
      });
    });
  });
}

async function replyTo<Task, Result>(task: Task, work: (task: Task) => Promise<Result>): Promise<ChildReply<Result>> {
  try {
    return { ok: true, result: await work(task) };
  } catch (error) {
    if (error instanceof TributaryError) return { ok: false, code: error.code, message: error.message };
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, code: isDiskFull(error) ? 'archive_full' : 'compute_failed', message };
  }
}
