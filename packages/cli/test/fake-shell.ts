/** Runs whole commands in this process: memory for streams, a clock and a sleep that cost no time. */
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import type { Shell } from '../src/context.ts';
import { isFile } from '../src/regular-file.ts';
import { run } from '../src/run.ts';
import { temporaryFolder } from './temporary.ts';

export const NOW_MS = Date.UTC(2026, 10, 21, 8);

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Waits that were asked for, ms. */
  readonly sleeps: readonly number[];
  readonly spawned: readonly { file: string; args: readonly string[]; env: Readonly<Record<string, string | undefined>> }[];
}

export async function tributary(argv: readonly string[], changes: Partial<Shell> & { input?: string } = {}): Promise<Finished> {
  const out: string[] = [];
  const err: string[] = [];
  const sleeps: number[] = [];
  const spawned: Finished['spawned'][number][] = [];
  const { input = '', ...rest } = changes;
  const empty = temporaryFolder('cli');
  let id = 0;
  const code = await run({
    argv,
    env: { TRIBUTARY_KEY: 'tw_key' },
    cwd: empty,
    home: empty,
    stdin: bytes(input),
    stdout: memory(out),
    stderr: memory(err),
    now: () => NOW_MS,
    sleep: async (ms) => {
      sleeps.push(ms);
    },
    fetch,
    open: (path) => createReadStream(path),
    isFile,
    save: (path, text) => writeFile(path, text),
    run: async (file, args, env) => {
      spawned.push({ file, args, env });
      return 0;
    },
    nodeVersion: '24.0.0',
    newId: () => `id-${++id}`,
    openLog: () => Promise.reject(new Error('this test has no log')),
    signal: new AbortController().signal,
    ...rest,
  });
  return { code, stdout: out.join(''), stderr: err.join(''), sleeps, spawned };
}

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

function memory(into: string[]) {
  return {
    isTTY: false,
    write(text: string) {
      into.push(text);
      return true;
    },
    once: () => {},
    off: () => {},
  };
}
