/**
 * What the speed layer says of users, as it says it: the server-sent events of `GET /v1/stream`, without those of arrivals unless they are chosen.
 *
 * A connection that breaks, or is silent for longer than three of the API's signs of life, is made again, behind the last event that came: each line
 * comes once. It ends with its caller, or with a refusal that asking again does not help.
 */
import { parseAnswer } from './exact-answer.ts';
import { problemOf, type Timing } from './exchange.ts';
import { localProblem, TributaryProblem } from './problem.ts';
import { requestOf } from './request.ts';

export interface OutputChoice {
  /** Types of lines, such as `segment.entered`; absent: all. */
  readonly kinds?: readonly string[];
  /** Lines about other segments are left out. */
  readonly segments?: readonly string[];
  /** `id` of an event, behind which it begins; absent: with what comes next. */
  readonly after?: string;
  /** Places without a line come as well, of the type `place`: every 15 s, so that who hears no lines knows how far the stream is. */
  readonly places?: boolean;
}

/** A line (docs/outputs.md), a `gap`: the output log has lost lines of these partitions meanwhile, or a `place`, where these were asked for. */
export interface OutputEvent {
  /** To go on behind it, later. */
  readonly id: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface OutputSettings {
  readonly url: string;
  readonly key: string;
  readonly fetch: typeof fetch;
  readonly timing: Timing;
}

/** What the API says of the stream itself. */
const OF_STREAM = ['stream', 'end'] as const;
const SILENT_MS = 45_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** A line of the output log has at most some hundred KB. */
const MOST_CHARACTERS = 4_000_000;

/** Throws TributaryProblem, or what the signal aborts with. */
export async function* followOutputs(
  { url, key, fetch, timing }: OutputSettings,
  { kinds, segments, after = '', places = false }: OutputChoice,
  { signal = new AbortController().signal }: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<OutputEvent, void, undefined> {
  // Without a choice none is named: an API of an earlier version refuses kinds that it does not know.
  const request = requestOf(url, 'stream', {
    ...(kinds !== undefined && { kinds }),
    ...(segments !== undefined && { segments }),
  });
  const left = new Set<string>(kinds === undefined ? [...OF_STREAM, 'arrivals'] : OF_STREAM);
  let id = after;
  for (let failures = 0; ; failures++) {
    signal.throwIfAborted();
    try {
      const headers = { authorization: `Bearer ${key}`, accept: 'text/event-stream', ...(id !== '' && { 'last-event-id': id }) };
      const silent = new AbortController();
      const response = await spoken(fetch(request.url, { headers, signal: AbortSignal.any([signal, silent.signal]) }), silent);
      if (!response.ok || response.body === null)
        throw problemOf('GET', request.url, response, await spoken(response.text(), silent));
      for await (const event of eventsOf(response.body, silent)) {
        failures = 0;
        id = event.id === '' ? id : event.id;
        if (event.data !== '' && !left.has(event.type))
          yield { id, type: event.type, data: parseAnswer(event.data) as OutputEvent['data'] };
        else if (places && event.id !== '') yield { id, type: 'place', data: {} };
      }
    } catch (cause) {
      signal.throwIfAborted();
      if (cause instanceof TributaryProblem && cause.status !== 429 && cause.status < 500) throw cause;
    }
    await timing.pause(
      Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures, 10)) * (0.5 + timing.random() / 2),
      signal,
    );
  }
}

/** What the other side says next: a connection that is silent for too long is given up, also one that was taken and never answered. */
function spoken<T>(next: Promise<T>, silent: AbortController): Promise<T> {
  const timer = setTimeout(() => silent.abort(), SILENT_MS);
  return next.finally(() => clearTimeout(timer));
}

interface Sent {
  readonly id: string;
  readonly type: string;
  readonly data: string;
}

/** Also events without data, which say where the stream stands. */
async function* eventsOf(body: ReadableStream<Uint8Array>, silent: AbortController): AsyncGenerator<Sent> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let text = '';
  try {
    for (;;) {
      const { value, done } = await spoken(reader.read(), silent);
      if (done) return;
      text += value;
      if (text.length > MOST_CHARACTERS)
        throw localProblem(
          'not_an_api',
          `an event of the stream must have at most ${MOST_CHARACTERS} characters (got more)`,
          'Look at what answers there.',
        );
      const whole = text.split('\n\n');
      text = whole.pop() ?? '';
      for (const one of whole) yield eventOf(one);
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function eventOf(text: string): Sent {
  const fields = new Map(
    text.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trimStart()]),
  );
  return { id: fields.get('id') ?? '', type: fields.get('event') ?? 'message', data: fields.get('data') ?? '' };
}
