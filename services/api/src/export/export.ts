/**
 * All that is stored of one user, as lines:
 *
 *   head · dead letters · outbox · output log · event log · record · index · archive · dead records · generations · what cannot be read · end
 *
 * In this order nothing is missed that moves while it is read: a dead letter into the log, an output from the outbox into its log, an event from
 * the log into the archive. It may come twice, each time with its place. Only the last line says that the export is whole: one that breaks off has none.
 */
import { SUBJECT_PLACES, type SubjectPlaceName } from '@tributary/runtime/subjects/places';
import { settled } from '@tributary/runtime/wait';
import type { Found } from './line.ts';

export interface Source {
  readonly place: SubjectPlaceName;
  read(): AsyncIterable<Found> | Iterable<Found>;
}

export interface ExportBounds {
  readonly mostBytes: number;
  /** Aborts when the time is over, or the client has left. */
  readonly signal: AbortSignal;
  readonly nowMs: number;
  /** For the operator: the reason of a failure stays inside. */
  readonly onWarning: (message: string, cause: unknown) => void;
  /** What is said of an error to the client. */
  readonly reasonOf: (error: unknown) => string;
}

interface Hole {
  readonly place: SubjectPlaceName | null;
  readonly why: string;
}
/** In the last line; each is a line of its own as well. */
const MOST_HOLES = 100;

export async function* exportLines(
  sources: readonly Source[],
  userKey: string,
  { mostBytes, signal, nowMs, onWarning, reasonOf }: ExportBounds,
): AsyncGenerator<string> {
  const lines: Partial<Record<SubjectPlaceName, number>> = {};
  const holes: Hole[] = [];
  const hole = (place: SubjectPlaceName | null, why: string) => void (holes.length < MOST_HOLES && holes.push({ place, why }));
  let bytes = 0;
  yield `${JSON.stringify({ export: { userId: userKey, at: new Date(nowMs).toISOString(), places: SUBJECT_PLACES } })}\n`;
  for (const { place, read } of sources) {
    if (signal.aborted || bytes > mostBytes) {
      hole(place, 'it was not read: the bound of the export was reached before');
      continue;
    }
    try {
      for await (const found of read()) {
        signal.throwIfAborted();
        if ('isHole' in found) {
          if (found.isHole) hole(found.place, (JSON.parse(found.json) as { readonly unread: string }).unread);
        } else lines[found.place] = (lines[found.place] ?? 0) + 1;
        const line = `${found.json}\n`;
        bytes += Buffer.byteLength(line);
        if (bytes > mostBytes) {
          hole(place, `it was not read to its end: an export has at most ${mostBytes} bytes`);
          break;
        }
        yield line;
      }
    } catch (error) {
      const why = signal.aborted ? 'it was not read to its end: the time of the export was over' : reasonOf(error);
      hole(place, why);
      if (!signal.aborted) onWarning(`the export of a user: ${place} was not read whole`, error);
    }
  }
  yield `${JSON.stringify({ end: { complete: holes.length === 0, lines, holes } })}\n`;
}

const CHUNK_CHARACTERS = 64 * 1024;
const FLUSH_MS = 500;
/** A connection on which nothing happens for a minute is closed, here and by proxies. */
const SIGN_OF_LIFE_MS = 10_000;
const SIGN_OF_LIFE = `${JSON.stringify({ reading: true })}\n`;

/** The lines, some together: a packet for each would take longer than reading them. While none is found, a line says that the search goes on. */
export async function* inChunks(lines: AsyncGenerator<string>, signOfLifeMs = SIGN_OF_LIFE_MS): AsyncGenerator<string> {
  let chunk = '';
  try {
    for (let next = lines.next(); ; ) {
      const came = await settled(next, chunk === '' ? signOfLifeMs : FLUSH_MS);
      if (typeof came === 'string') {
        yield chunk === '' ? SIGN_OF_LIFE : chunk;
        chunk = '';
        continue;
      }
      if (came.done) break;
      chunk += came.value;
      next = lines.next();
      if (chunk.length < CHUNK_CHARACTERS) continue;
      yield chunk;
      chunk = '';
    }
    if (chunk !== '') yield chunk;
  } finally {
    // What is read when the client leaves is let go by its signal.
    void lines.return(undefined).catch(() => {});
  }
}
