/** Runs a task in a child process. The child ends with its task, with its parent, on abort, and after its time limit. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { TributaryError } from '@tributary/model/errors';
import { parseExactJson } from '@tributary/model/exact-json';
import type { ComputeResult, ComputeSpec, QuestionSpec, QuestionViews, ShardPart, ShardSpec } from '../compute/spec.ts';
import type { CompareResult, CompareSpec } from '../reconcile/spec.ts';
import type { MergeSpec } from '../retire/spec.ts';
import type { ChildReply, ChildResult, ChildTask } from './tasks.ts';

/** Heap of JavaScript in the child, MiB; DuckDB's memory lies outside of it. */
const HEAP_MB = 512;
const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

export interface ChildOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export async function computeInChild(spec: ComputeSpec, options: ChildOptions): Promise<ComputeResult> {
  return (await runChild({ task: 'compute', spec }, options)) as ComputeResult;
}

export async function computePartInChild(spec: ShardSpec, options: ChildOptions): Promise<ShardPart> {
  return (await runChild({ task: 'shard', spec }, options)) as ShardPart;
}

export async function viewsInChild(spec: QuestionSpec, options: ChildOptions): Promise<QuestionViews> {
  return (await runChild({ task: 'question', spec }, options)) as QuestionViews;
}

export async function compareInChild(spec: CompareSpec, options: ChildOptions): Promise<CompareResult> {
  return (await runChild({ task: 'compare', spec }, options)) as CompareResult;
}

export async function mergeInChild(spec: MergeSpec, options: ChildOptions): Promise<number> {
  return (await runChild({ task: 'merge', spec }, options)) as number;
}

async function runChild(task: ChildTask, { timeoutMs, signal }: ChildOptions): Promise<ChildResult> {
  signal.throwIfAborted();
  const child = spawn(process.execPath, [`--max-old-space-size=${HEAP_MB}`, MAIN], { stdio: ['pipe', 'pipe', 'pipe'] });
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

function resultOf(task: ChildTask, out: string, ending: string): ChildResult {
  let reply: ChildReply;
  try {
    reply = parseExactJson(out) as ChildReply;
  } catch (cause) {
    throw new TributaryError('compute_failed', `the ${task.task} child ended without an answer, ${ending}`, { cause });
  }
  if (!reply.ok) throw new TributaryError(reply.code, reply.message);
  return reply.result;
}
