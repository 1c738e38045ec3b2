/** The oracle of pages: what one web event adds, said of the event alone. */
import type { Definitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';

type Add = (view: string, dimensions: readonly string[], measures: readonly bigint[]) => void;

export function naiveWebRows(event: Event, { web }: Pick<Definitions, 'web'>, add: Add): void {
  const said = (event.properties ?? {}) as Readonly<Record<string, unknown>>;
  const { viewId, layout, bot } = said;
  if (web === undefined || typeof viewId !== 'string' || ![0, 576, 992, 1440].includes(layout as number)) return;
  const day = new Date(event.ts).toISOString().slice(0, 10);
  const page = naivePage(event.page, web.pages);
  const at = [day, page, String(layout)];
  const isBot = typeof bot === 'string';
  const number = (name: string, most: number) => wholeOr0(said[name], most);
  if (event.type === 'page') add('pages', at, isBot ? [0n, 0n, 0n, 1n] : [1n, 0n, 0n, 0n]);
  if (isBot) return;
  const element = naiveName(event.element, 128);
  if (event.type === 'link') {
    const known = ['internal', 'outbound', 'download', 'mailto', 'tel'].includes(said['target'] as string);
    add('links', [day, page, known ? String(said['target']) : '(other)', naiveName(said['host'], 253)], [1n]);
  }
  if (event.type === 'form') {
    const ms = number('ms', 366 * 86_400_000);
    const counted = {
      focus: [1n, 0n, 0n, 0n, ms],
      change: [1n, 1n, 0n, 0n, ms],
      submit: [0n, 0n, 1n, 0n, 0n],
      abandon: [0n, 0n, 0n, 1n, 0n],
    };
    for (const [action, sums] of Object.entries(counted))
      if (said['action'] === action) add('forms', [day, page, naiveName(said['form'], 128), naiveName(said['field'], 128)], sums);
  }
  if (event.type === 'click') {
    const { kind, ex, ey } = said;
    if (kind === 'click' || kind === 'rage') {
      add('attentionTotals', at, [0n, 0n, 1n]);
      if (element !== '(none)') add('attention', [...at, element], [0n, 0n, 0n, 0n, 1n, 0n, 0n, 0n, 0n]);
    }
    if (['click', 'rage', 'dead'].includes(kind as string) && isWithin(ex, 9_999) && isWithin(ey, 9_999)) {
      // 16 parts of 625 each.
      const cell = Math.floor(Number(ey) / 625) * 16 + Math.floor(Number(ex) / 625);
      add('heat', [...at, element, kind as string, String(cell)], [1n]);
    }
  }
  if (event.type === 'activity') {
    const engaged = number('engagedMs', 60_000);
    const hover = BigInt(Math.min(Number(number('hoverMs', 60_000)), Number(engaged)));
    add('pages', at, [0n, engaged, number('visibleMs', 366 * 86_400_000), 0n]);
    add('attentionTotals', at, [hover, engaged, 0n]);
    const bands = listOf(said['bands']);
    if (bands.length === 20 && bands.every((ms) => isWithin(ms, 60_000)) && total(bands) <= engaged)
      add(
        'scrollBands',
        at,
        bands.map((ms) => BigInt(ms as number)),
      );
    const { fromScrollBp: from, maxScrollBp: upTo } = said;
    if (isWithin(from, 10_000) && isWithin(upTo, 10_000)) {
      const tops = Array.from({ length: 20 }, (_, band) => 500 * band);
      const reached = tops.map((top) => (top >= Number(from) && top < Number(upTo) ? 1n : 0n));
      add('scrollReach', at, reached);
    }
    const els = listOf(said['els']) as readonly unknown[][];
    const column = (rows: readonly unknown[][], i: number) => rows.map((row) => row[i]);
    if (
      els.length <= 100 &&
      els.every((row) => isKeyed(row, 7)) &&
      total(column(els, 1)) <= hover &&
      total(column(els, 2)) <= engaged
    )
      for (const [key, cursorMs, viewportMs, seen, ...box] of els) {
        const sums = [1, Number(seen) > 0 ? 1 : 0, cursorMs, viewportMs, 0, ...box].map((one) => BigInt(one as number));
        add('attention', [...at, naiveName(key, 128)], sums);
      }
    const moves = listOf(said['moves']) as readonly unknown[][];
    if (
      moves.length <= 200 &&
      moves.every((row) => isKeyed(row, 2) && Number(row[1]) < 1_024) &&
      total(column(moves, 2)) <= hover
    )
      for (const [key, cell, ms] of moves)
        add('heat', [...at, naiveName(key, 128), 'move', String(cell)], [BigInt(ms as number)]);
  }
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function total(numbers: readonly unknown[]): bigint {
  return numbers.reduce<bigint>((sum, one) => sum + BigInt(one as number), 0n);
}

function isKeyed(row: unknown, numbers: number): boolean {
  if (!Array.isArray(row) || row.length !== numbers + 1) return false;
  const [key, ...rest] = row;
  return typeof key === 'string' && rest.every((one) => isWithin(one, 10_000_000));
}

function isWithin(value: unknown, most: number): boolean {
  return typeof value === 'number' && value % 1 === 0 && value >= 0 && value <= most;
}

/** At most `most` code points, none of them a control character. */
function naiveName(value: unknown, most: number): string {
  if (typeof value !== 'string' || value === '') return '(none)';
  const points = Array.from(value, (one) => one.codePointAt(0) as number);
  return points.length > most || points.some((point) => point < 32 || point === 127) ? '(other)' : value;
}

function wholeOr0(value: unknown, most: number): bigint {
  return isWithin(value, most) ? BigInt(value as number) : 0n;
}

/** Without scheme and query, by hand. */
export function naivePage(address: string | undefined, patterns: readonly string[] | undefined): string {
  if (address === undefined) return '(none)';
  if (address === '(other)') return address;
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
