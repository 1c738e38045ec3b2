/** Signals on their way out: slices of the records' bytes put between brackets. Nothing is parsed or encoded again. */
import { newestSignals, type SignalSelection, type SignalSlice } from '@tributary/kv/signals';
import type { Definitions } from '@tributary/model/definitions';

export interface UserSignals {
  readonly userId: string;
  /** null: no event of this user is stored. */
  readonly record: Buffer | null;
  /** Newest first. */
  readonly slices: readonly SignalSlice[];
}

export function selectSignals(userId: string, record: Buffer | null, selection: SignalSelection): UserSignals {
  return { userId, record, slices: record === null ? [] : newestSignals(record, selection) };
}

/** The types to serve: those asked for, as far as the definitions call them signals; undefined: all. */
export function servedNames(asked: readonly string[] | undefined, definitions: Definitions): ReadonlySet<string> | undefined {
  const { signals } = definitions;
  if (signals === '*') return asked === undefined ? undefined : new Set(asked);
  return new Set(asked === undefined ? signals : asked.filter((name) => signals.includes(name)));
}

const COMMA = 0x2c;

/** `{"userId":…,"status":…,"signals":[…]` without the closing brace, so that the caller may add fields. */
export function openUserObject({ userId, record }: UserSignals): string {
  return `{"userId":${JSON.stringify(userId)},"status":"${record === null ? 'NOT_FOUND' : 'PRESENT'}","signals":[`;
}

/** One buffer for `{"results":[…],"meta":…}`: sized first, then filled, so that no byte is copied twice. */
export function queryBody(users: readonly UserSignals[], meta: string): Buffer {
  const heads = users.map(openUserObject);
  let size = Buffer.byteLength(meta) + 32;
  for (let u = 0; u < users.length; u++)
    size += Buffer.byteLength(heads[u] as string) + 3 + sizeOf((users[u] as UserSignals).slices);
  const body = Buffer.allocUnsafe(size);
  let at = body.write('{"results":[', 0, 'latin1');
  for (let u = 0; u < users.length; u++) {
    if (u > 0) body[at++] = COMMA;
    at += body.write(heads[u] as string, at);
    at = copySlices(body, at, users[u] as UserSignals);
    at += body.write(']}', at, 'latin1');
  }
  at += body.write('],"meta":', at, 'latin1');
  at += body.write(meta, at);
  at += body.write('}', at, 'latin1');
  return body.subarray(0, at);
}

/** `{"userId":…,"status":…,"signals":[…],"nextCursor":…,"meta":…}` */
export function userBody(user: UserSignals, nextCursor: string | null, meta: string): Buffer {
  const head = openUserObject(user);
  const tail = `],"nextCursor":${JSON.stringify(nextCursor)},"meta":${meta}}`;
  const body = Buffer.allocUnsafe(Buffer.byteLength(head) + sizeOf(user.slices) + Buffer.byteLength(tail));
  let at = copySlices(body, body.write(head, 0), user);
  at += body.write(tail, at);
  return body.subarray(0, at);
}

/** The slices and the commas between them, at most. */
function sizeOf(slices: readonly SignalSlice[]): number {
  let size = 0;
  for (const slice of slices) size += slice.end - slice.start + 1;
  return size;
}

function copySlices(body: Buffer, from: number, { record, slices }: UserSignals): number {
  if (record === null) return from;
  let at = from;
  for (let i = 0; i < slices.length; i++) {
    const slice = slices[i] as SignalSlice;
    if (i > 0) body[at++] = COMMA;
    at += record.copy(body, at, slice.start, slice.end);
  }
  return at;
}
