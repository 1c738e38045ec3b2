/** Runs a task in a child process. The child ends with its task, with its parent, on abort, and after its time limit. */
import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { TributaryError } from '@tributary/model/errors';
import { parseExactJson } from '@tributary/model/exact-json';
import type { ChildReply } from './answer-task.ts';

/** Heap of JavaScript in the child, MiB; DuckDB's memory lies outside of it. */
const HEAP_MB = 512;
const NEWLINE = 10;
/** Characters of its stderr that are kept, the last ones. */
const MOST_STDERR = 2_000;

export interface ChildOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Its name, and what it is given: plain JSON. */
export interface Task {
  readonly task: string;
  readonly spec: unknown;
}

/** A child that is there before its task: it takes a quarter of a second to start, while the caller still gathers what the task needs. */
export interface WaitingChild {
  /** As `runChild`. A child that ended before its task came is replaced by a new one. */
  run<Result>(task: Task, options: ChildOptions): Promise<Result>;
  /** A task before that one, of the same child: the program and DuckDB need not be loaded again. A child that is killed of it is replaced as well. */
  ask<Result>(task: Task, options: ChildOptions): Promise<Result>;
  /** Ends the child, whatever it does. */
  end(): void;
}

/** `main`: the path of the file that the child runs (answer-task.ts). The caller ends it. One that cannot start now is started by `run`. */
export function startChild(main: string): WaitingChild {
  let child: ChildProcessWithoutNullStreams | undefined;
  try {
    child = spawnChild(main);
  } catch {
    // The work before the task goes on meanwhile; `run` says why, if it cannot either.
  }
  function alive(): ChildProcessWithoutNullStreams {
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null || child.killed)
      child = spawnChild(main);
    return child;
  }
  return {
    async run(task, options) {
      options.signal.throwIfAborted();
      return give(alive(), task, options);
    },
    async ask(task, options) {
      options.signal.throwIfAborted();
      return give(alive(), { ...task, stays: true }, options);
    },
    end: () => void child?.kill('SIGKILL'),
  };
}

/** Rejects with what the child answers, or `compute_failed`. */
export async function runChild<Result>(main: string, task: Task, options: ChildOptions): Promise<Result> {
  options.signal.throwIfAborted();
  return give(spawnChild(main), task, options);
}

function spawnChild(main: string): ChildProcessWithoutNullStreams {
  const child = spawn(process.execPath, [`--max-old-space-size=${HEAP_MB}`, main], { stdio: ['pipe', 'pipe', 'pipe'] });
  // One that cannot be started, or is gone before it reads: its exit says more.
  child.on('error', () => {});
  // Out of open files (EMFILE, ENFILE) it has no pipes.
  if ((child.stdin as unknown) === undefined)
    throw new TributaryError(
      'compute_failed',
      'a child process must have pipes (got none: too many files are open). Raise the limit of open files (ulimit -n).',
    );
  child.stdin.on('error', () => {});
  return child;
}

async function give<Result>(
  child: ChildProcessWithoutNullStreams,
  task: Task & { readonly stays?: boolean },
  { timeoutMs, signal }: ChildOptions,
): Promise<Result> {
  const kill = () => child.kill('SIGKILL');
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    kill();
  }, timeoutMs);
  signal.addEventListener('abort', kill, { once: true });
  let isAnswered = false;
  try {
    child.stdin.write(`${JSON.stringify(task)}\n`);
    const [out, ending] = task.stays === true ? await answerOf(child) : await endOf(child);
    signal.throwIfAborted();
    if (timedOut) throw new TributaryError('compute_failed', `the ${task.task} child was not done within ${timeoutMs} ms`);
    isAnswered = true;
    return resultOf(task, out, ending);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', kill);
    if (task.stays !== true || !isAnswered) kill();
  }
}

/** All that it said, and how it ended. */
async function endOf(child: ChildProcessWithoutNullStreams): Promise<readonly [out: string, ending: string]> {
  const [ending, out, err] = await Promise.all([endingOf(child), text(child.stdout), text(child.stderr)]);
  return [out, `${ending}: ${err.slice(-MOST_STDERR)}`];
}

/** The line that it answers with, or '' and how it ended before. What it says next is left in the pipe. */
function answerOf(child: ChildProcessWithoutNullStreams): Promise<readonly [out: string, ending: string]> {
  const { promise, resolve } = Promise.withResolvers<readonly [out: string, ending: string]>();
  const said: Buffer[] = [];
  let err = '';
  const onData = (bytes: Buffer) => {
    said.push(bytes);
    if (bytes.at(-1) === NEWLINE) resolve([Buffer.concat(said).toString(), '']);
  };
  const onError = (bytes: Buffer) => {
    err = `${err}${bytes}`.slice(-MOST_STDERR);
  };
  // Once it has ended and its pipes are read.
  const onClose = (code: number | null, signal: NodeJS.Signals | null) =>
    resolve(['', err === '' ? endingText(code, signal) : `${endingText(code, signal)}: ${err}`]);
  child.stdout.on('data', onData).resume();
  child.stderr.on('data', onError).resume();
  child.once('close', onClose);
  return promise.finally(() => {
    child.stdout.off('data', onData).pause();
    child.stderr.off('data', onError).pause();
    child.off('close', onClose);
  });
}

async function endingOf(child: ChildProcess): Promise<string> {
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return endingText(code, signal);
}

function endingText(code: number | null, signal: NodeJS.Signals | null): string {
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
