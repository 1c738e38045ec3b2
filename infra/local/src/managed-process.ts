/**
 * One process under supervision. It leads a process group of its own, so a Ctrl-C in the terminal reaches the supervisor
 * only, and whatever it started ends with it. When it dies unasked it is started again after a bounded backoff, but for
 * one that was never ready and refused its configuration: it would refuse it again. One that was ready may have met a file half written.
 */
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { TributaryError } from '@tributary/model/errors';
import { REFUSED } from '@tributary/runtime/error-kinds';
import { backoffMs } from '@tributary/runtime/wait';
import { processStat } from './process-stat.ts';

export interface ManagedSpec {
  readonly name: string;
  /** Starts the process as the leader of its own group. */
  spawn(): ChildProcess;
  /**
   * Resolves with the process id to signal, once the process can be used; rejects to have it killed and started again. Until then
   * it may report that the process runs, and why it cannot be used.
   */
  ready(child: ChildProcess, signal: AbortSignal, sayUnready: (why: string) => void): Promise<number>;
  readonly autoRestart: boolean;
  onEvent(event: ManagedEvent): void;
}

export type ManagedEvent =
  | { readonly type: 'ready'; readonly name: string; readonly isRestart: boolean; readonly wasUnready: boolean }
  | { readonly type: 'unready'; readonly name: string; readonly why: string }
  | { readonly type: 'ended'; readonly name: string; readonly how: string; readonly againInMs: number | null };

export interface Managed {
  readonly name: string;
  /** Null while it does not run. */
  readonly pid: number | null;
  /** How often it was started again. */
  readonly restarts: number;
  /** Sends a signal to the process itself, not to its group; nothing where it does not run. */
  kill(signal: NodeJS.Signals): void;
  /** Why the process that runs cannot be used, as it said last; null: it can, or has not said. */
  readonly unready: string | null;
  /** Resolves once the process (the next one, if this one dies) is ready; rejects after `timeoutMs`, or when it only dies. */
  whenReady(timeoutMs: number): Promise<void>;
  /** Likewise, and already when it runs and says why it is not ready. */
  whenStarted(timeoutMs: number): Promise<void>;
  /** Resolves once the process that runs now has ended. */
  whenGone(): Promise<void>;
  /** SIGKILL where it still runs, start again at once, wait until ready. */
  restart(): Promise<void>;
  /** SIGTERM, after `graceMs` SIGKILL; stays down until `restart`. */
  stop(graceMs: number): Promise<void>;
}

/** What is killed is gone after this time even on a busy machine. */
const GOING_MS = 5_000;
/** Before the next start, by deaths in a row. */
export const RESTARTS = { firstMs: 250, longestMs: 15_000 };
/** A process that lived this long starts over with the first backoff. */
const STEADY_MS = 30_000;
const RESTART_TIMEOUT_MS = 60_000;
/** Deaths in a row after which those who wait for it get an error; it is still started again. */
const HOPELESS_FAILURES = 4;

/** `startNow` false: it stays down until `restart`. */
export function manage(spec: ManagedSpec, now: () => number, startNow = true): Managed {
  let child: ChildProcess | null = null;
  let pid: number | null = null;
  let isReady = false;
  let wasEverReady = false;
  let unready: string | null = null;
  let isStopped = false;
  let restarts = 0;
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;
  let gone: Promise<void> = Promise.resolve();
  const waiting = createWaiting(spec.name);

  function start(): void {
    const startedAt = now();
    const current = spec.spawn();
    const ended = new AbortController();
    child = current;
    pid = current.pid ?? null;
    gone = new Promise((resolve) => {
      const onEnd = (how: string) => {
        if (ended.signal.aborted) return;
        ended.abort();
        if (current.pid !== undefined) killGroup(current.pid);
        child = null;
        pid = null;
        isReady = false;
        unready = null;
        planNext(how, now() - startedAt, current.exitCode === REFUSED);
        resolve();
      };
      current.once('exit', (code, signal) => onEnd(signal === null ? `exit code ${code}` : `signal ${signal}`));
      current.once('error', (error) => onEnd(error.message));
    });
    const onUnready = (why: string) => {
      if (ended.signal.aborted || isReady) return;
      unready = why;
      spec.onEvent({ type: 'unready', name: spec.name, why });
      waiting.wake('started');
    };
    spec.ready(current, ended.signal, onUnready).then(
      (id) => {
        if (ended.signal.aborted) return;
        pid = id;
        isReady = true;
        wasEverReady = true;
        spec.onEvent({ type: 'ready', name: spec.name, isRestart: restarts > 0, wasUnready: unready !== null });
        unready = null;
        waiting.wake('ready');
      },
      () => current.kill('SIGKILL'),
    );
  }

  function planNext(how: string, livedMs: number, hasRefused = false): void {
    failures = livedMs >= STEADY_MS ? 1 : failures + 1;
    const isForGood = isStopped || !spec.autoRestart || (hasRefused && !wasEverReady);
    const againInMs = isForGood ? null : hasRefused ? RESTARTS.longestMs : backoffMs(RESTARTS, failures);
    if (!isStopped) spec.onEvent({ type: 'ended', name: spec.name, how, againInMs });
    if (againInMs !== null) timer = setTimeout(again, againInMs);
    if (againInMs === null || failures >= HOPELESS_FAILURES)
      waiting.giveUp(`ended with ${how}${failures > 1 ? `, ${failures} times in a row` : ''}`, hasRefused);
  }

  /** What could be started once, and not now (a full disk), is tried again like what ended. */
  function again(): void {
    restarts++;
    try {
      start();
    } catch (error) {
      planNext((error as Error).message, 0);
    }
  }

  function when(wanted: Wanted, timeoutMs: number): Promise<void> {
    if (isReady || (wanted === 'started' && unready !== null)) return Promise.resolve();
    return waiting.until(wanted, timeoutMs, () => `is not ready after ${timeoutMs} ms${unready === null ? '' : `: ${unready}`}`);
  }

  if (startNow) start();
  return {
    name: spec.name,
    get pid() {
      return pid;
    },
    get restarts() {
      return restarts;
    },
    kill(signal) {
      if (signal === 'SIGKILL' || signal === 'SIGTERM') isReady = false;
      if (pid !== null) signalQuietly(pid, signal);
    },
    get unready() {
      return unready;
    },
    whenReady: (timeoutMs) => when('ready', timeoutMs),
    whenStarted: (timeoutMs) => when('started', timeoutMs),
    whenGone: () => gone,
    async restart() {
      isStopped = false;
      clearTimeout(timer);
      const dying = gone;
      if (child?.pid !== undefined) killGroup(child.pid);
      await dying;
      clearTimeout(timer);
      again();
      await when('ready', RESTART_TIMEOUT_MS);
    },
    async stop(graceMs) {
      isStopped = true;
      clearTimeout(timer);
      waiting.giveUp('was stopped');
      if (child === null) return;
      const leader = child.pid;
      if (pid !== null) signalQuietly(pid, 'SIGTERM');
      const limit = new AbortController();
      await Promise.race([gone, sleep(graceMs, undefined, { signal: limit.signal }).catch(() => {})]);
      limit.abort();
      const own = pid;
      if (leader !== undefined) killGroup(leader);
      await gone;
      // Not the leader: a killed one takes a moment to go after its leader went.
      for (let waitedMs = 0; own !== null && waitedMs < GOING_MS && isThere(own); waitedMs += 10) await sleep(10);
    },
  };
}

type Wanted = 'ready' | 'started';

/** Those who wait for a process. It has started when it is ready, or has said why it is not. */
function createWaiting(name: string) {
  const waiting = new Set<{ wanted: Wanted; wake: () => void; giveUp: (why: string, hasRefused: boolean) => void }>();

  function until(wanted: Wanted, timeoutMs: number, late: () => string): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (outcome: () => void) => {
        clearTimeout(limit);
        waiting.delete(waiter);
        outcome();
      };
      const errorOf = (why: string, hasRefused: boolean) =>
        hasRefused ? new TributaryError('invalid_config', `${name} ${why}`) : new Error(`${name} ${why}`);
      const waiter = {
        wanted,
        wake: () => settle(resolve),
        giveUp: (why: string, hasRefused: boolean) => settle(() => reject(errorOf(why, hasRefused))),
      };
      const limit = setTimeout(() => waiter.giveUp(late(), false), timeoutMs);
      waiting.add(waiter);
    });
  }

  return {
    until,
    wake(reached: Wanted): void {
      for (const { wanted, wake } of [...waiting]) if (reached === 'ready' || wanted === 'started') wake();
    },
    giveUp(why: string, hasRefused = false): void {
      for (const waiter of [...waiting]) waiter.giveUp(why, hasRefused);
    },
  };
}

/** A zombie is not: what adopted it may never look. */
function isThere(pid: number): boolean {
  const [state] = processStat(pid) ?? ['X'];
  return state !== 'Z' && state !== 'X';
}

function killGroup(leader: number): void {
  signalQuietly(-leader, 'SIGKILL');
}

/** A process that is gone already needs no signal. */
function signalQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
