/** Subject reads on Redis, a thousand entries a command: others' commands go between them. */
import type { Redis } from 'ioredis';
import { membersKey, messagesKey, outboxKey, partitionPrefix, recordKey } from '../format/keys.ts';
import { generationsBetween } from '../format/state.ts';
import { unlessDown } from '../redis/unless-down.ts';
import type { SubjectReads } from '../subject-reads.ts';

const STEP = 1_000;

export function createSubjectReads(redis: Redis, namespace: string): SubjectReads {
  return {
    recordKey: ({ partition, userKey }) => recordKey(namespace, partition, userKey),

    async *conversionIds({ partition, userKey }) {
      const prefix = partitionPrefix(namespace, partition);
      const fields = await unlessDown(() => redis.hgetall(`${prefix}state`));
      for (const generation of generationsBetween(fields, Number(fields['oldest'] ?? 0))) {
        const key = `${prefix}c:${generation}`;
        let cursor = '0';
        do {
          const [next, found] = await unlessDown(() => redis.hscan(key, cursor, 'COUNT', STEP));
          for (let at = 0; at < found.length; at += 2)
            if (found[at + 1] === userKey) yield { key, generation, id: found[at] as string };
          cursor = next;
        } while (cursor !== '0');
      }
    },

    async segmentEntries({ partition, userKey }, versions) {
      const prefix = partitionPrefix(namespace, partition);
      const keys = [...versions.map((version) => membersKey(namespace, partition, version)), `${prefix}due`, `${prefix}unsure`];
      const scores = await unlessDown(() => Promise.all(keys.map((key) => redis.zscore(key, userKey))));
      return keys.flatMap((key, i) => (scores[i] == null ? [] : [{ key, instant: Number(scores[i]) }]));
    },

    async *outboxLines(partition) {
      yield* linesOf(outboxKey(namespace, partition));
      yield* linesOf(messagesKey(namespace, partition));
    },
  };

  async function* linesOf(key: string) {
    let wanted = 0;
    for (;;) {
      const first = Number((await unlessDown(() => redis.lindex(key, 0))) ?? 0);
      wanted = Math.max(wanted, first);
      const at = wanted - first + 1;
      // The first element is the number of the second. As of one moment, for a publisher may take lines between two commands.
      const replies = await unlessDown(() =>
        redis
          .multi()
          .lindex(key, 0)
          .lrange(key, at, at + STEP - 1)
          .exec(),
      );
      const [now, lines] = (replies ?? []).map(([, reply]) => reply) as [string | null, string[]];
      const from = Number(now ?? 0) + at - 1;
      // Some were taken meanwhile: what is at this place now is not the line that is next.
      if (from !== wanted) continue;
      if (lines.length === 0) return;
      for (const [i, line] of lines.entries()) yield { key, number: from + i, line };
      wanted = from + lines.length;
    }
  }
}
