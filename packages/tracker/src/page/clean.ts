/** What of an address may leave the page. Pure. */

/**
 * An e-mail address; a number; a number behind a short word; hexadecimal digits; letters and digits in a long run; a long mixture of upper case,
 * lower case and digits. Each alternative reads a sign a bounded number of times: addresses may be of any length.
 */
const ID =
  /@|%(25)*40|[^\W_]{32}|^(\D{0,13}\d{4,}|[\da-fA-F-]{16,}|(?=\D*\d)([^a-zA-Z]*|[^\W_]{16,}|(?=.*[a-z])(?=.*[A-Z])[\w-]{16,}))$/;

/** A part of a path, or a name, that looks like an id, an e-mail address or a token reads `:id`. */
export const masked = (text: string): string => (ID.test(text) ? ':id' : text);

/** Parts end at a slash, their parameters begin at a semicolon. */
export const maskedPath = (path: string): string =>
  path
    .replace(/;[^/]*/g, '')
    .split('/')
    .map(masked)
    .join('/')
    .slice(0, 1_000);

/**
 * "" where the address, which is one, is not that of a page. Campaigns and the ids of advertising clicks, which channels are read from, are kept, and `more`:
 * names of parameters with spaces between them; `x*` is every one that begins with x. All other signs stand for themselves.
 */
export function clean(text: string, more = '', withFragment?: unknown): string {
  if (!/^https?:/.test(text)) return '';
  const { origin, pathname, searchParams, hash } = new URL(text);
  const kept = new RegExp(
    `^(utm_.*|(\\w*clk?|[gw]bra|li_fat_|rdt_c|scc)id|${more
      .replace(/\W/g, '\\$&')
      .replace(/\\ /g, '|')
      .replace(/\\\*/g, '.*')})$`,
  );
  const query = [...searchParams]
    .filter(([name]) => name && kept.test(name))
    .map(([name, value]) => [name, /@|%(25)*40/.test(value) ? ':id' : value]);
  return (
    origin +
    maskedPath(pathname) +
    (query[0] ? `?${new URLSearchParams(query)}`.slice(0, 1_000) : '') +
    (withFragment ? maskedPath(hash.replace(/\?.*/, '')) : '')
  );
}

/** In the query of a page that shares the visitor's id: whose, and since when. */
export const GIVEN_ID = /[?&]_tr=([\da-f]{32})\.(\d+)/;

/** The query of a link, without its `?`, with the visitor's id at its end, in place of one that an earlier click left there. */
export const withVisitor = (query: string, id: string): string => {
  const others = query.replace(GIVEN_ID, '');
  return (others && `${others.slice(1)}&`) + id;
};
