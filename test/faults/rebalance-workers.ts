/** Real processes of a role that come, go, sleep and die on request. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { programOf } from '@tributary/local/roles';

export type Role = 'speed' | 'archiver';

export interface Crew {
  /** Starts one more. */
  join(): ChildProcess;
  /** Those that run, asleep or not. */
  members(): readonly ChildProcess[];
  kill(child: ChildProcess): Promise<void>;
  /** SIGTERM; resolves with how it ended. */
  leave(child: ChildProcess): Promise<[code: number | null, signal: NodeJS.Signals | null]>;
  /** Processes that ended without a signal from the test. */
  unasked(): readonly string[];
  killAll(): void;
}

export function createCrew(role: Role, args: readonly string[], env: NodeJS.ProcessEnv): Crew {
  const main = programOf(role);
  const running = new Set<ChildProcess>();
  const signalled = new Set<ChildProcess>();
  const unasked: string[] = [];

  async function end(child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM') {
    signalled.add(child);
    running.delete(child);
    if (child.exitCode !== null || child.signalCode !== null) return [child.exitCode, child.signalCode] as const;
    const exit = once(child, 'exit');
    child.kill(signal);
    return (await exit) as [number | null, NodeJS.Signals | null];
  }

  return {
    join() {
      const child = spawn(process.execPath, [main, ...args], {
        env: { ...process.env, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let said = '';
      for (const stream of [child.stdout, child.stderr])
        stream?.on('data', (chunk) => {
          said = (said + chunk).slice(-2_000);
        });
      running.add(child);
      child.once('exit', (code, signal) => {
        running.delete(child);
        if (!signalled.has(child)) unasked.push(`${role} ${child.pid} ended with ${signal ?? code}:\n${said}`);
      });
      return child;
    },
    members: () => [...running],
    async kill(child) {
      await end(child, 'SIGKILL');
    },
    leave: async (child) => [...(await end(child, 'SIGTERM'))],
    unasked: () => unasked,
    killAll() {
      for (const child of running) {
        signalled.add(child);
        child.kill('SIGKILL');
      }
    },
  };
}
