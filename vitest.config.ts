import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { SlowFirst } from './test/slow-first.ts';

// Suffixes tell what a test needs: `.redis.test.ts` a redis-server, `.kafka.test.ts` a Kafka, `.e2e.test.ts` the whole platform as processes,
// `.browser.test.ts` a Chromium, `.clients.test.ts` another language with its libraries.
// `.isolated.test.ts`: it replaces modules, which no other file may see.
const ISOLATED = ['**/*.isolated.test.ts'];
const SERVERS = ['**/*.redis.test.ts', '**/*.kafka.test.ts', '**/*.e2e.test.ts', '**/*.browser.test.ts', '**/*.clients.test.ts'];
const IGNORED = ['**/node_modules/**', '**/dist/**', '.tributary/**'];

// Tests start hundreds of processes of ours; with what Node compiled before, each takes half as long to start.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, '.tributary', 'compile-cache');

/**
 * Node loads the code of tests and what they test itself, as it does in production. What Vite makes of it asks an object for each name that a file
 * imports, each time that it is used: a tenth of what the simulation takes of a processor.
 */
const NATIVE = { viteModuleRunner: false, nodeLoader: false };
const HOOKS = `--import=${join(import.meta.dirname, 'test/native-modules.ts')}`;

export default defineConfig({
  test: {
    pool: 'forks',
    globalSetup: './test/temporary-folder.ts',
    sequence: { sequencer: SlowFirst },
    // What is polled for comes when it can: on a machine with other work a second is not enough for an answer over HTTP.
    expect: { poll: { timeout: 30_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'pure',
          include: ['**/*.test.ts'],
          exclude: [...IGNORED, ...SERVERS, ...ISOLATED],
          // Files share their workers, and what these have loaded: a process for each costs half a second of a processor.
          isolate: false,
          // Oracles and models make much that is soon garbage: with room for it, that takes a twentieth less of a processor. Threads that collect it beside
          // the one that works take more of a processor than it alone, and the other workers have work for all processors.
          execArgv: [HOOKS, '--max-semi-space-size=64', '--single-threaded-gc'],
          experimental: NATIVE,
          // Most of it never waits; one more than there are processors has work for them while a test waits for a process or a timer.
          maxWorkers: availableParallelism() + 1,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'isolated',
          include: ISOLATED,
          exclude: IGNORED,
          // As many as of pure ones, so that they run beside these: where there were fewer, they would run one by one after them.
          maxWorkers: availableParallelism() + 1,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'servers',
          include: SERVERS,
          exclude: IGNORED,
          isolate: false,
          execArgv: [HOOKS],
          experimental: NATIVE,
          // Each file has ports, folders and servers of its own, and mostly waits: one more than there are processors, at most four.
          // They share what a worker has loaded, as the pure ones do.
          maxWorkers: Math.min(4, availableParallelism() + 1),
          sequence: { groupOrder: 1 },
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
