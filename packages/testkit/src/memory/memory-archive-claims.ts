/** Which archive each log is archived in, in memory: what Redis keeps. */
import type { ArchiveClaims } from '@tributary/runtime/event-log/own-archive';

export function createMemoryArchiveClaims(archives = new Map<string, string>()): ArchiveClaims {
  return {
    of: async (logIdentity) => archives.get(logIdentity) ?? null,
    async claim(logIdentity, archive) {
      const there = archives.get(logIdentity) ?? archive;
      archives.set(logIdentity, there);
      return there;
    },
  };
}
