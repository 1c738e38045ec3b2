import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { stopProcess } from './stop-process.ts';

/** Three threads that write without a pause. */
const BUSY = `
const { Worker } = require('node:worker_threads');
const write = 'const fs = require("node:fs"); for (;;) fs.appendFileSync(' + JSON.stringify(process.argv[1]) + ', "x")';
for (let i = 0; i < 3; i++) new Worker(write, { eval: true });
`;

test.skipIf(process.platform !== 'linux')(
  'a process that was stopped does nothing any more, whatever its threads were at',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tributary-stop-'));
    const file = join(folder, 'written');
    const written = () => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    const child = spawn(process.execPath, ['-e', BUSY, file], { stdio: 'ignore' });
    try {
      for (let i = 0; i < 10; i++) {
        const before = written();
        await expect.poll(written, { interval: 1 }).toBeGreaterThan(before);
        await stopProcess(child.pid as number);
        const stopped = written();
        await sleep(20);
        expect(written()).toBe(stopped);
        child.kill('SIGCONT');
      }
    } finally {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
      rmSync(folder, { recursive: true });
    }
  },
  60_000,
);
