/**
 * Any JSON answer as text for people: scalars as facts, lists of flat objects as tables. For documents whose shape
 * belongs to their writer, such as reconciliations.
 */
import { amounts, conversions, count, instant } from '../terminal/figures.ts';
import { renderFacts, renderTable } from '../terminal/table.ts';

type Json = unknown;
type JsonObject = Readonly<Record<string, Json>>;

/** Rows of a table shown at the most; the rest is counted. */
const MAX_ROWS = 40;
const MAX_DEPTH = 6;

export function documentText(value: Json, head: (text: string) => string = (text) => text): string {
  return sections(value, [], head).join('\n\n');
}

function sections(value: Json, path: readonly string[], head: (text: string) => string): string[] {
  if (Array.isArray(value)) return value.length === 0 ? [] : [titled(path, listText(value, head), head)];
  if (!isObject(value) || path.length > MAX_DEPTH) return [`${path.join('.')} ${cell(path.at(-1) ?? '', value)}`];
  const entries = Object.entries(value);
  const facts = entries
    .filter(([, item]) => !isObject(item) && !Array.isArray(item))
    .map(([name, item]) => [name, cell(name, item)] as const);
  return [
    ...(facts.length > 0 ? [titled(path, renderFacts(facts), head)] : []),
    ...entries
      .filter(([, item]) => isObject(item) || Array.isArray(item))
      .flatMap(([name, item]) => sections(item, [...path, name], head)),
  ];
}

function listText(items: readonly Json[], head: (text: string) => string): string {
  const shown = items.slice(0, MAX_ROWS);
  const rest = items.length > shown.length ? `\n… and ${count(items.length - shown.length)} more (--json has them all)` : '';
  if (!shown.every(isObject)) return shown.map((item) => cell('', item)).join('\n') + rest;
  const names = [...new Set(shown.flatMap((item) => Object.keys(item)))];
  const columns = names.map((title) => ({
    title,
    align: shown.every((item) => typeof (item[title] ?? 0) === 'number') ? ('right' as const) : ('left' as const),
  }));
  return renderTable({ columns, rows: shown.map((item) => names.map((name) => cell(name, item[name], item))) }, head) + rest;
}

function titled(path: readonly string[], text: string, head: (text: string) => string): string {
  return path.length === 0 ? text : `${head(path.join(' · '))}\n${text}`;
}

/** Names end in units (STYLE.md), so the unit of a number is known by its name. */
function cell(name: string, value: Json, row: JsonObject = {}): string {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'number') {
    if (/minor$/i.test(name)) return amounts(new Map([[String(row['currency'] ?? ''), value]]));
    if (/micros$/i.test(name)) return conversions(value);
    if (/(At|^cut|^ts)$/.test(name) && value > 1e11) return instant(value);
    return count(value);
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
