/** Members of a segment as readers get them. */
import type { Redis } from 'ioredis';
import { membersKey, partitionPrefix } from '../format/keys.ts';
import { KEPT_FIELDS, keptField, keptFrom, watchedOf } from '../format/state.ts';
import type { MembersPage, PageOfMembers } from '../serving-store.ts';
import type { Watched } from '../speed-store.ts';

/** The state before and after the rest, for commits may come in between: a list that began again meanwhile is short. */
export async function readMembers(
  redis: Redis,
  namespace: string,
  partition: number,
  { version, after, limit }: PageOfMembers,
): Promise<MembersPage> {
  const prefix = partitionPrefix(namespace, partition);
  const members = membersKey(namespace, partition, version);
  const state = () => redis.hmget(`${prefix}state`, ...KEPT_FIELDS, 'watched');
  const [before, count, unsure, users, due, later] = await Promise.all([
    state(),
    redis.zcard(members),
    redis.zcard(`${prefix}unsure`),
    redis.zrange(members, after === null ? '-' : `(${after}`, '+', 'BYLEX', 'LIMIT', 0, limit),
    redis.zrange(`${prefix}due`, '0', '0', 'WITHSCORES'),
    state(),
  ]);
  const dueMs = due[1] === undefined ? null : Number(due[1]);
  const [first, last] = [watchedIn(before), watchedIn(later)];
  const isSame = first?.key === last?.key && first?.sinceMs === last?.sinceMs && first?.isWhole === last?.isWhole;
  return { kept: keptFrom(later), watched: isSame ? last : null, count, unsure, users, dueMs };
}

function watchedIn(values: readonly (string | null)[]): Watched | null {
  const commit = keptField(values, 'commit') ?? '';
  return watchedOf({ watched: values[KEPT_FIELDS.length] ?? '', commit }).watched ?? null;
}
