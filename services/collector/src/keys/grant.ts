/**
 * What a key lets its holder send. A browser key lies in a page for anybody to take: it writes live events of no money, and
 * claims neither a source, nor what the platform found or did.
 */
import { DERIVED_TYPES } from '@tributary/model/derived-types';
import type { Event } from '@tributary/model/event';
import { fieldsWith } from '@tributary/model/event-fields';
import { type JsonObject, present } from '@tributary/model/reading/json';
import { describe, type Invalid, invalid } from '@tributary/model/refusal';
import type { KeyRecord } from '@tributary/runtime/keys/file';
import { grants } from '@tributary/runtime/keys/ring';

export interface Grant {
  /** The public half of the key: stamped on each event. */
  readonly keyId: string;
  /** Anybody may have it. */
  readonly isPublic: boolean;
  /** It may stand in the URL of the settings that a page loads. Keys from before there were browser keys do. */
  readonly mayStandInUrl: boolean;
  readonly live: boolean;
  readonly imports: boolean;
  readonly money: boolean;
  /** Null: any. */
  readonly origins: ReadonlySet<string> | null;
  readonly types: ReadonlySet<string> | null;
  readonly eventsPerSecond: number | null;
}

/** Derived events, which programs of our own write: what was found of a user, and what was done about it. */
const SERVER_TYPES: ReadonlySet<string> = new Set(DERIVED_TYPES);

const AMOUNTS = fieldsWith({ type: 'amount' });

/** Undefined when the key may send nothing. */
export function grantOf(record: KeyRecord): Grant | undefined {
  const { id, scope, origins, types, eventsPerSecond, revenue } = record;
  const live = grants(scope, 'browser');
  const imports = grants(scope, 'import');
  if (!live && !imports) return undefined;
  const isPublic = scope === 'browser';
  return {
    keyId: id,
    isPublic,
    mayStandInUrl: isPublic || scope === 'write',
    live,
    imports,
    money: !isPublic || revenue === true,
    origins: origins === undefined ? null : new Set(origins),
    types: types === undefined ? null : new Set(types),
    eventsPerSecond: eventsPerSecond ?? null,
  };
}

const NO_HISTORY = { field: 'the key', must: 'have the scope "import" to send history', got: 'one that lacks it' };

/** Why the key may not send this request; undefined when it may. `origin`: of the header; undefined outside browsers. */
export function refusalOfRequest(grant: Grant, historical: boolean, origin: string | undefined): Invalid | undefined {
  if (historical && !grant.imports) return invalid('forbidden', NO_HISTORY);
  if (grant.origins !== null && (origin === undefined || !grant.origins.has(origin)))
    return invalid('forbidden', { field: 'the key', must: 'be used from one of its origins', got: describe(origin) });
  return undefined;
}

/** A tracker has its key in a page, for anybody to take: one that may do more is refused before it is spread. */
export function refusalOfPage({ isPublic }: Grant): Invalid | undefined {
  if (isPublic) return undefined;
  return invalid('forbidden', { field: 'the key of a page', must: 'have the scope "browser"', got: 'another scope' });
}

/** Why the key may not send this event; undefined when it may. `claimed`: its source as sent. */
export function refusalOfEvent(grant: Grant, event: Event, claimed: unknown): Invalid | undefined {
  const { type, historical } = event;
  if (historical === true && !grant.imports) return invalid('forbidden', NO_HISTORY);
  if (historical !== true && !grant.live)
    return invalid('forbidden', { field: 'a key of the scope "import"', must: 'send history only', got: 'a live event' });
  if (grant.types !== null && !grant.types.has(type))
    return invalid('forbidden', { field: 'the key', must: 'send one of its types of events', got: describe(type) });
  const amount = grant.money ? undefined : AMOUNTS.find((field) => event[field] !== undefined);
  if (amount !== undefined) return moneyForbidden(amount, event[amount]);
  if (!grant.isPublic) return undefined;
  if (claimed !== undefined)
    return invalid('forbidden', { field: 'source', must: 'come with a server key', got: describe(claimed) });
  if (SERVER_TYPES.has(type))
    return invalid('forbidden', { field: 'an event of this type', must: 'come with a server key', got: describe(type) });
  return undefined;
}

export function moneyForbidden(field: string, amount: unknown): Invalid {
  return invalid('forbidden', {
    field: `${field}, which is money,`,
    must: 'come with a server key, or a browser key made with --revenue',
    got: describe(amount),
  });
}

/** The source that the sender claims, where the format has one. */
export function claimedSource(item: JsonObject, formatHasSource: boolean): unknown {
  return formatHasSource ? present(item['source']) : undefined;
}
