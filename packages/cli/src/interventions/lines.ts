/**
 * The lines of the output log as `GET /v1/stream` sends them. A connection that breaks is made again behind the last event that came; it ends with its
 * signal, or with a refusal that asking again does not help.
 */
import type { ApiClient } from '../api-client.ts';
import { CommandError, EXIT } from '../exit.ts';

export interface StreamEvent {
  /** The place behind it, to go on from. */
  readonly id: string;
  /** null: a sign of life without a line. */
  readonly line: OutputLine | null;
}

export interface OutputLine {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface Following {
  readonly api: ApiClient;
  readonly kinds: readonly string[];
  readonly segments: readonly string[];
  /** Empty: what comes next. */
  readonly after: string;
  readonly signal: AbortSignal;
  readonly sleep: (ms: number) => Promise<void>;
  readonly onTrouble: (text: string) => void;
}

const LONGEST_PAUSE_MS = 30_000;

export async function* followStream(from: Following): AsyncGenerator<StreamEvent, void, undefined> {
  const query = { kinds: from.kinds.join(','), ...(from.segments.length > 0 && { segments: from.segments }) };
  let id = from.after;
  let failures = 0;
  while (!from.signal.aborted) {
    const headers = { accept: 'text/event-stream', ...(id !== '' && { 'last-event-id': id }) };
    try {
      for await (const event of eventsOf(from.api.lines('/v1/stream', query, { headers }))) {
        failures = 0;
        id = event.id === '' ? id : event.id;
        yield { ...event, id };
      }
    } catch (cause) {
      if (from.signal.aborted) return;
      const mayPass = cause instanceof CommandError && (cause.exitCode === EXIT.missing || cause.code === 'overloaded');
      if (!mayPass) throw cause;
      if (failures === 0) from.onTrouble(`${cause.message}; it is asked again until it answers`);
    }
    failures += 1;
    await from.sleep(Math.min(LONGEST_PAUSE_MS, 500 * 2 ** Math.min(failures, 6)));
  }
}

/** Fields of server-sent events; a comment has an id at most. */
async function* eventsOf(lines: AsyncIterable<string>): AsyncGenerator<StreamEvent> {
  const fields = new Map<string, string>();
  for await (const line of lines) {
    if (line !== '') {
      const colon = line.indexOf(':');
      if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).trimStart());
      continue;
    }
    const [id, data] = [fields.get('id') ?? '', fields.get('data') ?? ''];
    const type = fields.get('event') ?? 'message';
    fields.clear();
    yield { id, line: data === '' ? null : { type, data: JSON.parse(data) as OutputLine['data'] } };
  }
}
