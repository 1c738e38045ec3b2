/** Wires the process to `run`. Started by bin/tributary.mjs, which has found a Node that runs TypeScript. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Shell } from './context.ts';
import { isFile } from './regular-file.ts';
import { run } from './run.ts';

process.stderr.on('error', () => process.exit(1));
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // `tributary … | head`: the reader has seen enough. That is not a failure, and not worth a word.
  if (error.code === 'EPIPE') process.exit(0);
  const reason = error.code === 'ENOSPC' ? 'the disk is full' : error.message;
  process.stderr.write(`error: cannot write to standard output: ${reason}\n  fix: Make room, or send it elsewhere.\n`);
  process.exit(1);
});

const interrupted = new AbortController();
process.once('SIGINT', () => {
  interrupted.abort();
  // A second one ends the process, whatever it is doing.
  process.once('SIGINT', () => process.exit(130));
});

const shell: Shell = {
  argv: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  home: fileURLToPath(new URL('../../..', import.meta.url)),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  now: Date.now,
  sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => {}),
  fetch,
  open: (path) => createReadStream(path),
  isFile,
  save: (path, text) => writeFile(path, text),
  run: runProgram,
  newId: randomUUID,
  nodeVersion: process.versions.node,
  // The clients of Redis and Kafka are much to load, and few commands read the log.
  openLog: async (...where) => (await import('./open-log.ts')).openExistingLog(...where),
  signal: interrupted.signal,
};

process.exitCode = await run(shell);

function runProgram(file: string, args: readonly string[], env: Readonly<Record<string, string | undefined>>): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: 'inherit', env });
    // The terminal sends Ctrl-C to the whole group; a SIGTERM to us alone is passed on.
    const pass = () => child.kill('SIGTERM');
    process.once('SIGTERM', pass);
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      process.off('SIGTERM', pass);
      resolve(code ?? (signal === null ? 1 : 128 + 15));
    });
  });
}
