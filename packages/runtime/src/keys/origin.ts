/** Web origins that a key is narrowed to, compared with the `Origin` header as texts. */

/**
 * What is wrong with a text that no browser ever sends as the origin of a page, as `RULE (got VALUE). FIX.`; undefined for an origin.
 * Browsers send scheme and host in lower case (names of other scripts as `xn--…`), without the scheme's own port, and without a path.
 */
export function originTrouble(text: string): string | undefined {
  if (text.includes('*'))
    return `--origin must name one host, without wildcards (got "${text}"). Name each host: --origin ${TWO}.`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !WEB.has(url.protocol))
    return `--origin must be an origin such as https://shop.example (got "${text}")`;
  return url.origin === text ? undefined : `--origin must be written as browsers send it (got "${text}"). Write ${url.origin}.`;
}

const WEB: ReadonlySet<string> = new Set(['https:', 'http:']);
const TWO = 'https://shop.example https://www.shop.example';
