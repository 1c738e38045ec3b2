/** From an operation and what is asked to an HTTP request. */
import { ROUTES } from './api.ts';
import type { Operation } from './operations.ts';
import { localProblem } from './problem.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: string;
  /** JSON. */
  readonly body?: string;
}

/** Names in the braces of the path go there; the rest into the query, or into the body of a POST. */
export function requestOf(base: string, operation: Operation, asked: object): HttpRequest {
  if (!Object.hasOwn(ROUTES, operation)) throw invalid(`an operation must be one of the API (got ${JSON.stringify(operation)})`);
  const [method, path] = ROUTES[operation];
  const fields = new Map<string, unknown>(Object.entries(asked).filter(([, value]) => value !== undefined));
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = fields.get(name);
    fields.delete(name);
    if (value === undefined || value === '')
      throw invalid(`${name} of ${operation} must be given (got ${JSON.stringify(value) ?? 'nothing'})`);
    // A URL takes them for steps of its path, encoded or not.
    if (/^\.\.?$/.test(String(value)))
      throw invalid(
        `${name} of ${operation} must be other than "." and "..", which no URL can hold (got ${JSON.stringify(value)})`,
      );
    return encodeURIComponent(String(value));
  });
  const url = base.replace(/\/+$/, '') + filled;
  if (method === 'POST') return { method, url, body: JSON.stringify(Object.fromEntries(fields)) };
  const pairs = [...fields].flatMap(([name, value]) => textsOf(name, value).map((text): [string, string] => [name, text]));
  const query = new URLSearchParams(pairs);
  return { method, url: query.size === 0 ? url : `${url}?${query}` };
}

/** Written with commas between their names. In all other lists the name of the parameter is written once for each value. */
const IN_ONE: ReadonlySet<string> = new Set(['by', 'kinds', 'models', 'names', 'signals']);

function textsOf(name: string, value: unknown): string[] {
  // Milliseconds before 2001 have fewer than 13 digits, which the API does not read.
  if (value instanceof Date) return [Number.isNaN(value.getTime()) ? String(value) : value.toISOString()];
  if (!Array.isArray(value)) return [String(value)];
  if (!IN_ONE.has(name)) {
    // Without a value the parameter would be left out, and choose all.
    if (value.length === 0) throw invalid(`${name} must be a value, or a list of one or more (got [])`);
    return value.map(String);
  }
  const broken = value.find((item) => String(item).includes(','));
  if (broken !== undefined) throw invalid(`${name} must be a list of names without commas (got ${JSON.stringify(broken)})`);
  return [value.join(',')];
}

function invalid(detail: string) {
  return localProblem('invalid_request', detail, 'Correct the call.');
}
