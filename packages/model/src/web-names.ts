/** Names in an event of a page that become rows of views: of its element, of those in its report, of a form and its field, of the host of a link. */
import { NONE, OTHER } from './channels/channel.ts';
import type { Event } from './event.ts';
import { rowName } from './row-name.ts';
import { WEB_TYPES } from './web.ts';

/** Code points of such a name; a longer one reads `(other)`. */
export const MOST_WEB_NAME = 128;

const TYPES: ReadonlySet<string> = new Set(WEB_TYPES);
/** Lists of rows that begin with a name. */
const ROWS = ['els', 'moves'] as const;
const TEXTS = ['form', 'field', 'host'] as const;

/** Whether views of pages may look at it: of whatever definitions, as these may change. */
export function isOfPage({ type, properties }: Event): boolean {
  return TYPES.has(type) && typeof properties?.['viewId'] === 'string';
}

/** Those that have rows of their own: a collector that remembers them remembers no more of each. */
export function webNamesOf({ element, properties = {} }: Event): ReadonlySet<string> {
  const names = new Set<string>();
  const add = (given: string) => {
    const name = rowName(given, MOST_WEB_NAME);
    if (name !== NONE && name !== OTHER) names.add(name);
  };
  if (element !== undefined) add(element);
  for (const text of TEXTS) {
    const name = properties[text];
    if (typeof name === 'string') add(name);
  }
  for (const list of ROWS) {
    const rows = properties[list];
    if (Array.isArray(rows)) for (const row of rows) if (isNamed(row)) add(row[0]);
  }
  return names;
}

/** The event under other names. */
export function withWebNames(event: Event, rename: (name: string) => string): Event {
  const { element, properties = {} } = event;
  const renamed: Record<string, unknown> = { ...properties };
  for (const text of TEXTS) {
    const name = properties[text];
    if (typeof name === 'string') renamed[text] = rename(name);
  }
  for (const list of ROWS) {
    const rows = properties[list];
    if (Array.isArray(rows)) renamed[list] = rows.map((row: unknown) => (isNamed(row) ? [rename(row[0]), ...row.slice(1)] : row));
  }
  return { ...event, ...(element !== undefined && { element: rename(element) }), properties: renamed };
}

function isNamed(row: unknown): row is readonly [string, ...unknown[]] {
  return Array.isArray(row) && typeof row[0] === 'string';
}
