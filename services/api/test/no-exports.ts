/** Where an export reads beside the world: nothing is there. */
import type { ApiDeps } from '../src/ports.ts';

export function noExports(partitions: number): ApiDeps['exports'] {
  const nowhere = new Array<null>(partitions).fill(null);
  return {
    dataDir: '/nonexistent',
    memoryLimit: '64MiB',
    log: { identity: 'log', read: async () => [], ends: async () => nowhere, starts: async () => nowhere },
    openOutputs: async () => null,
    subjects: {
      recordKey: ({ partition, userKey }) => `{${partition}}:u:${userKey}`,
      async *conversionIds() {},
      segmentEntries: async () => [],
      async *outboxLines() {},
    },
  };
}
