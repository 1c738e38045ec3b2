/** Runs a task in a child process. The child ends with its task, with its parent, on abort, and after its time limit. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { TributaryError } from '@tributary/model/errors';
import { parseExactJson } from '@tributary/model/exact-json';
import type { ChildReply } from './answer-task.ts';

/** Heap of JavaScript in the child, MiB; DuckDB's memory lies outside of it. */
const HEAP_MB = 512;

export interface ChildOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Its name, and what it is given: plain JSON. */
export interface Task {
  readonly task: string;
  readonly spec: unknown;
}

/** `main`: the path of the file that the child runs (answer-task.ts). Rejects with what the child answers, or `compute_failed`. */
export async function runChild<Result>(main: string, task: Task, { timeoutMs, signal }: ChildOptions): Promise<Result> {
  signal.throwIfAborted();
  const child = spawn(process.execPath, [`--max-old-space-size=${HEAP_MB}`, main], { stdio: ['pipe', 'pipe', 'pipe'] });
  const kill = () => child.kill('SIGKILL');
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    kill();
  }, timeoutMs);
  signal.addEventListener('abort', kill, { once: true });
  try {
    // The child may be gone before it reads: its exit says more than the broken pipe.
    child.stdin.on('error', () => {});
    child.stdin.write(`${JSON.stringify(task)}\n`);
    const [ending, out, err] = await Promise.all([endingOf(child), text(child.stdout), text(child.stderr)]);
    signal.throwIfAborted();
    if (timedOut) throw new TributaryError('compute_failed', `the ${task.task} child was not done within ${timeoutMs} ms`);
    return resultOf(task, out, `${ending}: ${err.slice(-2_000)}`);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', kill);
    kill();
  }
}

async function endingOf(child: ChildProcess): Promise<string> {
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return code === null ? `killed by ${signal}` : `exit code ${code}`;
}

function resultOf<Result>(task: Task, out: string, ending: string): Result {
  let reply: ChildReply<Result>;
  try {
    reply = parseExactJson(out) as ChildReply<Result>;
  } catch (cause) {
    throw new TributaryError('compute_failed', `the ${task.task} child ended without an answer, ${ending}`, { cause });
  }
  if (!reply.ok) throw new TributaryError(reply.code, reply.message);
  return reply.result;
}
