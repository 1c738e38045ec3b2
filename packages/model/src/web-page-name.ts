/** What a page is called in views: host and path of its address, or the pattern of the definitions that its path fits. */
import { NONE, OTHER } from './channels/channel.ts';
import type { Definitions } from './definitions.ts';
import { patternSource } from './web.ts';

/** Characters (code points) of a name. Anybody can make up an address: a longer one reads `(other)`. */
export const MOST_PAGE = 200;
/** The scheme; whatever has none is a host, or the path of an app, as it stands. */
export const SCHEME = '^[A-Za-z][A-Za-z0-9+.-]*://';
/** What views do not keep apart by. */
export const QUERY = '[?#].*$';
/** The host, of what is left: a path has none. */
export const HOST = '^[^/]*';

const IS_SCHEME = new RegExp(SCHEME);
const IS_QUERY = new RegExp(QUERY, 'us');
const IS_HOST = new RegExp(HOST);

/** `address`: without control characters, as events have it. `(other)` is what a collector wrote in place of one name too many. */
export function pageOf(address: string | undefined, { web }: Pick<Definitions, 'web'>): string {
  if (address === undefined) return NONE;
  if (address === OTHER) return OTHER;
  const plain = address.replace(IS_SCHEME, '').replace(IS_QUERY, '');
  const [host = ''] = IS_HOST.exec(plain) ?? [];
  const path = plain.slice(host.length) || '/';
  const patterns = web?.pages;
  const fitting = patterns === undefined ? path : (patterns.find((pattern) => compiled(pattern).test(path)) ?? null);
  if (fitting === null) return OTHER;
  const name = host + fitting;
  return name.length > MOST_PAGE && [...name].length > MOST_PAGE ? OTHER : name;
}

const MOST_COMPILED = 1_000;
const expressions = new Map<string, RegExp>();

/** A cache, nothing more. */
function compiled(pattern: string): RegExp {
  let known = expressions.get(pattern);
  if (known !== undefined) return known;
  if (expressions.size >= MOST_COMPILED) expressions.clear();
  expressions.set(pattern, (known = new RegExp(patternSource(pattern), 'us')));
  return known;
}
