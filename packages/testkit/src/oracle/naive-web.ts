/** The oracle of pages: what one web event adds, said of the event alone. */
import type { Definitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';

type Add = (view: string, dimensions: readonly string[], measures: readonly bigint[]) => void;

export function naiveWebRows(event: Event, { web }: Pick<Definitions, 'web'>, add: Add): void {
  const said = (event.properties ?? {}) as Readonly<Record<string, unknown>>;
  const { viewId, layout, bot } = said;
  if (web === undefined || typeof viewId !== 'string' || ![0, 576, 992, 1440].includes(layout as number)) return;
  const day = new Date(event.ts).toISOString().slice(0, 10);
  const at = [day, naivePage(event.page, web.pages), String(layout)];
  const isBot = typeof bot === 'string';
  const number = (name: string, most: number) => wholeOr0(said[name], most);
  if (event.type === 'page') add('pages', at, isBot ? [0n, 0n, 0n, 1n] : [1n, 0n, 0n, 0n]);
  if (isBot) return;
  if (event.type === 'activity') {
    add('pages', at, [0n, number('engagedMs', 60_000), number('visibleMs', 366 * 86_400_000), 0n]);
  }
}

function wholeOr0(value: unknown, most: number): bigint {
  return typeof value === 'number' && value % 1 === 0 && value >= 0 && value <= most ? BigInt(value) : 0n;
}

/** Without scheme and query, by hand. */
function naivePage(address: string | undefined, patterns: readonly string[] | undefined): string {
  if (address === undefined) return '(none)';
  const scheme = address.indexOf('://');
  const isScheme =
    scheme > 0 && /^[a-z]/i.test(address) && [...address.slice(0, scheme)].every((one) => /[a-z0-9+.-]/i.test(one));
  let rest = isScheme ? address.slice(scheme + 3) : address;
  for (const end of ['?', '#']) rest = rest.split(end)[0] as string;
  const [host = '', ...parts] = rest.split('/');
  if (parts.length === 0) parts.push('');
  const found =
    patterns === undefined ? `/${parts.join('/')}` : patterns.find((pattern) => fits(parts, pattern.split('/').slice(1)));
  const name = found === undefined ? '(other)' : host + found;
  return Array.from(name).length > 200 ? '(other)' : name;
}

function fits(parts: readonly string[], pattern: readonly string[]): boolean {
  const isOpen = pattern.at(-1) === '*';
  if (isOpen ? parts.length < pattern.length : parts.length !== pattern.length) return false;
  return pattern.every((one, i) => one === '*' || (one.startsWith(':') ? parts[i] !== '' : one === parts[i]));
}
