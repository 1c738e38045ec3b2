/** A request to a broker, in a flexible version (KIP-482): header version 2, reply header version 1. */
import { type Reader, ResponseError, type Writer } from '@platformatic/kafka';

export interface KafkaRequest<T> {
  readonly apiKey: number;
  /** What this code speaks, of which the broker must speak one; the highest one is taken. */
  readonly versions: { readonly min: number; readonly max: number };
  body(version: number): Writer;
  read(reply: Reader, version: number): T;
  /** How long the broker may take beyond the usual, ms. */
  readonly waitMs?: number;
}

/** One version of a request, as `@platformatic/kafka` exports it. */
interface LibraryApi<Args extends unknown[], Reply> {
  readonly api: { readonly key: number; readonly version: number };
  createRequest(...args: Args): Writer;
  parseResponse(correlationId: number, apiKey: number, apiVersion: number, reply: Reader): Reply;
}

/** `of` takes what is of use from the reply. */
export function libraryRequest<Args extends unknown[], Reply, T>(
  { api: { key, version }, createRequest, parseResponse }: LibraryApi<Args, Reply>,
  args: Args,
  of: (reply: Reply) => T,
  waitMs = 0,
): KafkaRequest<T> {
  return {
    apiKey: key,
    versions: { min: version, max: version },
    waitMs,
    body: () => createRequest(...args),
    read(reply) {
      try {
        return of(parseResponse(0, key, version, reply));
      } catch (error) {
        // A code of one partition throws the whole reply: the reply has the code as well, and those of the others.
        if (!(error instanceof ResponseError)) throw error;
        return of(error['response'] as Reply);
      }
    },
  };
}
