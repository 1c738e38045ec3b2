/**
 * Erased keys that had lent events to others, and whose own archived rows stay for now. What withdraws such events is caused by the erasure, and waits in
 * the outbox of the speed layer. Where its store is lost meanwhile, it says the same again from these rows, and from nothing else. So they go once each key
 * that they were linked to has it in the archive.
 */
import { ERASE_TYPE, LIFT_TYPE } from '@tributary/model/erasure';
import { MOST_LINKS_OF_DAY } from '@tributary/model/identity/links';
import { LINK_TYPE, PUT_TYPE } from '@tributary/model/identity/message-line';
import { DAY_MS } from '@tributary/model/time';
import type { DuckDb } from '../duckdb.ts';
import { digestSql } from '../erasure-key.ts';
import type { ArchiveForgotten } from '../forgotten.ts';
import { sqlText } from '../sql-text.ts';

export interface Waiting {
  readonly forgotten: Pick<ArchiveForgotten, 'erased' | 'lifted' | 'heard'>;
  readonly before: ArchiveForgotten | undefined;
  /** Archived events up to the cut: (user_key, type, partition, position, entry_index, received_at, said), `said` of messages alone. */
  readonly events: string;
  readonly key: Buffer;
}

/** By digest of such a key, the place of the lift before the first erasure that it waits for; "": none came before. */
export type WaitingUsers = ReadonlyMap<string, string>;

/** Needs `withdrawals` of the same events. */
export async function waitingUsers(session: DuckDb, { forgotten, before, events, key }: Waiting): Promise<WaitingUsers> {
  // Files may have lost rows of those whom they were written without before, all but what came after a lift. A restore knows of no lift.
  const known = before?.erased ?? [];
  const restored = new Set(before?.lent?.digests.filter((digest) => known.includes(digest)));
  const lifted = Object.entries(forgotten.lifted).filter(([digest, place]) => !isSame(before?.lifted[digest], place));
  const digests = [...forgotten.erased, ...lifted.map(([digest]) => digest)].filter((digest) => !restored.has(digest));
  if (digests.length === 0) return new Map();
  const texts = (list: string) => `(SELECT unnest(from_json($asked::JSON->'$.${list}', '["VARCHAR"]')))`;
  const asked = { digests, known, erased: forgotten.erased, lifted: Object.keys(forgotten.lifted), heard: forgotten.heard };
  const [waiting = [], since = []] = await session.columns(
    `WITH own AS (
       SELECT user_key, digest, type, received_at, said, partition, position, position || '.' || lpad(CAST(entry_index AS VARCHAR), 7, '0') AS place
       FROM ${events} JOIN (
         SELECT user_key, ${digestSql('user_key', key)} AS digest
         FROM (SELECT DISTINCT user_key FROM ${events} WHERE type = ${sqlText(ERASE_TYPE)})
       ) USING (user_key)
       WHERE digest IN ${texts('digests')}
     ),
     erasures AS (
       SELECT user_key, digest, since, min(place) AS place,
         min(position) > coalesce(any_value(from_json($asked::JSON->'$.heard.from', '["VARCHAR"]')[partition + 1]), '') AS is_heard
       FROM (
         SELECT user_key, digest, type, partition, position, place,
           coalesce(max(place) FILTER (type = ${sqlText(LIFT_TYPE)}) OVER (PARTITION BY user_key ORDER BY place), '') AS since
         FROM own WHERE type IN (${sqlText(ERASE_TYPE)}, ${sqlText(LIFT_TYPE)})
       )
       WHERE type = ${sqlText(ERASE_TYPE)} AND (since <> '' OR digest NOT IN ${texts('known')}) GROUP BY ALL
     ),
     named AS (
       SELECT erasures.*, links.received_at, links.received_at // ${DAY_MS} AS day,
         said->>'$.to' AS owner, ${digestSql("said->>'$.to'", key)} AS owner_digest, said->>'$.id' AS name, said->>'$.version' AS version,
         (said->'$.held') IS NOT NULL AS is_held
       FROM erasures JOIN own AS links
         ON links.user_key = erasures.user_key AND links.type = ${sqlText(LINK_TYPE)}
         AND links.place > erasures.since AND links.place < erasures.place
     ),
     -- The links that the key had, as adopt.sql counts them.
     of_days AS (FROM named QUALIFY row_number() OVER (PARTITION BY user_key, place, name, day ORDER BY received_at, version) = 1),
     counted AS (
       FROM of_days QUALIFY count(*) OVER (PARTITION BY user_key, place, day ORDER BY received_at) <= ${MOST_LINKS_OF_DAY}
     ),
     -- By a link that does not count any more as well: what took it back lies beside it.
     lenders AS (
       SELECT DISTINCT CAST(said->'$.path' AS VARCHAR[])[-1] AS user_key, user_key AS owner
       FROM ${events} WHERE type = ${sqlText(PUT_TYPE)} AND said IS NOT NULL
     ),
     links AS (
       (FROM counted QUALIFY row_number() OVER (PARTITION BY user_key, place, name ORDER BY version) = 1)
       UNION ALL FROM named WHERE is_held
       UNION ALL FROM named WHERE (user_key, owner) IN (SELECT user_key, owner FROM lenders)
     ),
     heard AS (
       SELECT one->>'$.of' AS of_key, one->>'$.to' AS to_key, one->>'$.version' AS version
       FROM (SELECT unnest(from_json($asked::JSON->'$.heard.withdrawals', '["JSON"]')) AS one)
     ),
     lent AS (
       SELECT DISTINCT user_key AS owner, unnest(CAST(said->'$.path' AS VARCHAR[])) AS user_key
       FROM ${events} WHERE type = ${sqlText(PUT_TYPE)} AND said IS NOT NULL
     )
     SELECT links.digest, min(links.since) FROM links
     ANTI JOIN withdrawals ON withdrawals.user_key = links.owner AND withdrawals.of_key = links.digest
       AND withdrawals.by_key = links.digest AND withdrawals.version >= links.place
     ANTI JOIN heard ON heard.to_key = links.owner_digest AND heard.of_key = links.digest AND heard.version >= links.place
     LEFT JOIN lent ON lent.owner = links.owner AND lent.user_key = links.user_key
     WHERE links.owner <> links.user_key
       -- Up to heard.from no note was kept of withdrawals that files lost with the rows of an owner who was erased, or erased and lifted:
       -- whether one came to such an owner cannot be known, so these are not waited for.
       AND (links.is_heard OR (links.owner_digest NOT IN ${texts('erased')}
         AND (lent.owner IS NOT NULL OR links.owner_digest NOT IN ${texts('lifted')})))
     GROUP BY links.digest`,
    { asked: JSON.stringify(asked) },
  );
  return new Map(waiting.map((digest, i) => [String(digest), String(since[i])]));
}

export interface Heard {
  readonly heard: NonNullable<ArchiveForgotten['heard']>;
  /** What files are written again without now. */
  readonly forgotten: Pick<ArchiveForgotten, 'erased' | 'lifted'>;
  readonly before: Pick<ArchiveForgotten, 'erased' | 'lifted'> | undefined;
  readonly key: Buffer;
}

/**
 * What is known to withdraw events from users of whom files have nothing from now on: an erased key that had lent to one of them waits for it, as they
 * may be lifted while it is on its way. Without what no key waits for: files were written without it before, and are now, up to the same lift where it was
 * lifted. What it is said of when it is erased again is later. Needs `withdrawals`.
 */
export async function heardWith(
  session: DuckDb,
  { heard, forgotten, before, key }: Heard,
): Promise<NonNullable<ArchiveForgotten['heard']>> {
  const known = new Set(before?.erased);
  const lifted = Object.entries(forgotten.lifted).filter(([digest, place]) => isSame(before?.lifted[digest], place));
  const isDone = new Set([...forgotten.erased.filter((digest) => known.has(digest)), ...lifted.map(([digest]) => digest)]);
  const [of = [], to = [], version = []] = await session.columns(
    `SELECT of_key, to_key, version FROM (
       SELECT of_key, ${digestSql('user_key', key)} AS to_key, version FROM withdrawals WHERE of_key = by_key
     ) WHERE to_key IN (SELECT unnest(from_json($going::JSON, '["VARCHAR"]')))`,
    { going: JSON.stringify([...forgotten.erased, ...Object.keys(forgotten.lifted)]) },
  );
  const now = of.map((digest, i) => ({ of: String(digest), to: String(to[i]), version: String(version[i]) }));
  const all = [...heard.withdrawals, ...now].filter((one) => !isDone.has(one.of)).map((one) => JSON.stringify(one));
  return { ...heard, withdrawals: [...new Set(all)].sort().map((one) => JSON.parse(one)) };
}

type Place = ArchiveForgotten['lifted'][string];

function isSame(a: Place | undefined, b: Place): boolean {
  return a?.position === b.position && a.entryIndex === b.entryIndex;
}

/** What files are written again without now: of those who wait, what was known before, or what came before the lift. */
export function withoutWaiting(
  forgotten: ArchiveForgotten,
  before: ArchiveForgotten | undefined,
  waiting: WaitingUsers,
): ArchiveForgotten {
  if (waiting.size === 0) return forgotten;
  const erased = new Set(before?.erased);
  const lifted = Object.entries(forgotten.lifted).filter(([digest]) => !waiting.has(digest));
  for (const [digest, since] of waiting) {
    const place = erased.has(digest) ? placeIn(since) : before?.lifted[digest];
    if (place !== undefined) lifted.push([digest, place]);
  }
  return {
    ...forgotten,
    erased: forgotten.erased.filter((digest) => !waiting.has(digest)),
    lifted: Object.fromEntries(lifted.sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

function placeIn(text: string): Place {
  const end = text.lastIndexOf('.');
  return { position: text.slice(0, end), entryIndex: Number(text.slice(end + 1)) };
}
