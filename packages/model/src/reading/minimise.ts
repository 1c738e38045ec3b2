/**
 * Minimisation: fields that are dropped, or replaced by a keyed hash, before an event is written anywhere. It happens where events come in, so it
 * is a setting of the collector, not a definition: definitions take effect at a place in the log, and by then earlier events were written (decision 40).
 *
 *   drop:properties.ip, hash:properties.email, hash:properties.**.phone, drop:page
 */
import type { Event } from '../event.ts';

/** Fields beside `properties` that may be taken away: no view counts by them. */
const PLAIN = ['page', 'element', 'creative'] as const;
type PlainName = (typeof PLAIN)[number];

export interface MinimiseRule {
  readonly how: 'drop' | 'hash';
  /** A field of the event; or the names of a property, outermost first, after `properties`. */
  readonly field: PlainName | readonly string[];
  /** `properties.**.NAME`: a property of this name at any depth. */
  readonly atAnyDepth: boolean;
}

const MOST_RULES = 50;
const RULE = /^(drop|hash):(?:(page|element|creative)|properties\.(\*\*\.)?([^.*,\s]+(?:\.[^.*,\s]+){0,7}))$/;

/** null: it is not such a list. */
export function parseMinimise(text: string): readonly MinimiseRule[] | null {
  const items = text.split(',').map((item) => item.trim());
  const rules: MinimiseRule[] = [];
  for (const item of items) {
    const [, how, plain, deep, path = ''] = RULE.exec(item) ?? [];
    if (how === undefined) return null;
    rules.push({
      how: how as MinimiseRule['how'],
      field: (plain as PlainName | undefined) ?? path.split('.'),
      atAnyDepth: deep !== undefined,
    });
  }
  return rules.length > MOST_RULES ? null : rules;
}

/** `hash`: of the text of a value, with a key that is stored nowhere beside the events. */
export function minimise(event: Event, rules: readonly MinimiseRule[], hash: (text: string) => string): Event {
  const kept: Record<string, unknown> = { ...event };
  for (const { how, field, atAnyDepth } of rules) {
    const replace = (value: unknown) => (how === 'drop' ? undefined : hashed(value, hash));
    if (typeof field === 'string') put(kept, field, kept[field] === undefined ? undefined : replace(kept[field]));
    else if (kept['properties'] !== undefined)
      kept['properties'] = atAnyDepth
        ? everywhere(kept['properties'], field, replace)
        : along(kept['properties'], field, replace);
  }
  return kept as unknown as Event;
}

type Replace = (value: unknown) => unknown;

/** The names from here on; a list is passed through to each of its items. */
function along(value: unknown, names: readonly string[], replace: Replace): unknown {
  if (Array.isArray(value)) return value.map((item) => along(item, names, replace));
  const [name = '', ...more] = names;
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return value;
  const copy: Record<string, unknown> = { ...value };
  put(copy, name, more.length === 0 ? replace(copy[name]) : along(copy[name], more, replace));
  return copy;
}

/** Properties nest at most 8 levels. */
function everywhere(value: unknown, names: readonly string[], replace: Replace): unknown {
  if (Array.isArray(value)) return value.map((item) => everywhere(item, names, replace));
  if (typeof value !== 'object' || value === null) return value;
  const inner = Object.fromEntries(Object.entries(value).map(([name, one]) => [name, everywhere(one, names, replace)]));
  return along(inner, names, replace);
}

function put(into: Record<string, unknown>, name: string, value: unknown): void {
  if (value === undefined) delete into[name];
  else into[name] = value;
}

/** Texts and numbers, also within lists. An object cannot be hashed so that equal ones stay equal: it is dropped. */
function hashed(value: unknown, hash: (text: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => hashed(item, hash)).filter((item) => item !== undefined);
  if (typeof value === 'string' || typeof value === 'number') return hash(String(value));
  return typeof value === 'object' && value !== null ? undefined : value;
}
