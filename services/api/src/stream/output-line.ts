/** A line of the output log as listeners choose and get it. */

export interface OutputLine {
  readonly type: string;
  readonly userKey: string;
  /** The segment that it is about; null: none. */
  readonly of: string | null;
  /** JSON without a line break, with its partition: what is sent twice is known by it and `n`. */
  readonly json: string;
}

const TYPE = /^[a-z]+(\.[a-z]+)+$/;

/** null: it is not one of ours. A client that may write to the log may have written anything. */
export function readOutputLine(line: string, partition: number): OutputLine | null {
  let head: { readonly type?: unknown; readonly userKey?: unknown; readonly segment?: unknown };
  try {
    head = JSON.parse(line) as typeof head;
  } catch {
    return null;
  }
  if (typeof head !== 'object' || head === null) return null;
  const { type, userKey, segment } = head;
  if (typeof type !== 'string' || !TYPE.test(type) || typeof userKey !== 'string' || !line.endsWith('}')) return null;
  const json = `${line.slice(0, -1).replaceAll('\r', ' ')},"partition":${partition}}`;
  return { type, userKey, of: typeof segment === 'string' ? segment : null, json };
}
