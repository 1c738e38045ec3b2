import { defineConfig } from 'vitest/config';

// Suffixes tell what a test needs: `.redis.test.ts` a redis-server, `.kafka.test.ts` a Kafka, `.e2e.test.ts` the whole platform as processes.
const SERVERS = ['**/*.redis.test.ts', '**/*.kafka.test.ts', '**/*.e2e.test.ts'];
const IGNORED = ['**/node_modules/**', '**/dist/**', '.tributary/**'];

export default defineConfig({
  test: {
    pool: 'forks',
    projects: [
      {
        extends: true,
        test: { name: 'pure', include: ['**/*.test.ts'], exclude: [...IGNORED, ...SERVERS], testTimeout: 120_000 },
      },
      {
        extends: true,
        test: {
          name: 'servers',
          include: SERVERS,
          exclude: IGNORED,
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
