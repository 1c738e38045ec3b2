/** Whether a command prints what a document shows. Numbers differ from run to run, so only their places are compared; `…` stands for anything. */

/** What commands say every few seconds while they wait: a document shows them on a machine without other work. */
const WAITING = /^(?:waiting for the API at .*|.* \(\d[\d.]* s\))\n/gm;

/** Undefined where they agree, otherwise what differs. */
export function textDifference(shown: string, printed: string): string | undefined {
  const wanted = masked(shown)
    .split('\n')
    .map((line) => (line === '…' ? '(?:.*\n)*?' : `${line.split('…').map(escaped).join('.*')}\n`))
    .join('');
  const agrees = new RegExp(`^${wanted}$`);
  if ([printed, printed.replaceAll(WAITING, '')].some((text) => agrees.test(`${masked(text)}\n`))) return undefined;
  return `shown:\n${shown}\nprinted:\n${printed}`;
}

/** Undefined where `printed` has the fields that `shown` has, of the same kinds, and no others unless `…` says so. */
export function jsonDifference(shown: string, printed: string): string | undefined {
  const difference = valueDifference(JSON.parse(withoutElisions(shown)), JSON.parse(printed), '');
  return difference && `${difference}\nprinted: ${printed}`;
}

const MORE = '…';

function valueDifference(shown: unknown, printed: unknown, path: string): string | undefined {
  if (shown === MORE) return undefined;
  const kinds = [shown, printed].map((value) => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value));
  if (kinds[0] !== kinds[1]) return `${path} is ${kinds[1]}, shown as ${kinds[0]}`;
  if (typeof shown === 'string' && /^[a-z_ ]+$/i.test(shown) && shown !== printed)
    return `${path} is ${printed}, shown as ${shown}`;
  if (Array.isArray(shown)) return arrayDifference(shown, printed as unknown[], path);
  if (typeof shown === 'object' && shown !== null) return objectDifference(shown, printed as object, path);
}

function arrayDifference(shown: readonly unknown[], printed: readonly unknown[], path: string): string | undefined {
  const isWhole = !shown.includes(MORE);
  if (isWhole && shown.length !== printed.length) return `${path} has ${printed.length} elements, ${shown.length} are shown`;
  for (const [i, element] of shown.entries()) {
    const found = printed.map((other) => valueDifference(element, other, `${path}[${i}]`));
    if (element !== MORE && !found.includes(undefined)) return found[0] ?? `${path} is empty`;
  }
}

function objectDifference(shown: object, printed: object, path: string): string | undefined {
  const unknown = Object.keys(printed).filter((key) => !(key in shown));
  if (!(MORE in shown) && unknown.length > 0) return `${path}.${unknown[0]} is not shown`;
  for (const [key, value] of Object.entries(shown)) {
    if (key === MORE) continue;
    if (!(key in printed)) return `${path}.${key} is shown, but not printed`;
    const difference = valueDifference(value, printed[key as keyof object], `${path}.${key}`);
    if (difference) return difference;
  }
}

/** Each `…` outside of strings becomes a field in an object, an element or a value elsewhere. */
function withoutElisions(shown: string): string {
  const open: string[] = [];
  let before = '';
  return shown.replace(/"(?:[^"\\]|\\.)*"|[[\]{}:,…]/g, (token) => {
    if (token === '[' || token === '{') open.push(token);
    if (token === ']' || token === '}') open.pop();
    const isField = open.at(-1) === '{' && before !== ':';
    before = token;
    return token !== MORE ? token : isField ? '"…": 0' : '"…"';
  });
}

function masked(text: string): string {
  return (
    text
      .replace(/\b(?=[0-9a-f]*\d)[0-9a-f]{8,}(?:-[0-9a-f]{4,})*\b/g, '#')
      .replace(/\d(?:[\d,.:]*\d)?/g, '#')
      // A fast machine takes milliseconds, a busy one minutes.
      .replace(/\(after # (?:ms|s|min # s)\)/g, '(after # s)')
      .replace(/─+/g, '─')
      .replace(/[ \t]+/g, ' ')
      .replace(/ $/gm, '')
      .trim()
  );
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
