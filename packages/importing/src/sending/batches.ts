/** Groups events into request bodies that the collector takes: bounded in events and in bytes. */
/** The collector's limits for one body (docs/ingestion.md), with room for the frame. */
export const BATCH_LIMITS = { events: 2_500, bytes: 4_000_000 - 1_024 } as const;

export interface Batch {
  readonly events: number;
  /** JSON, uncompressed. */
  readonly body: string;
}

export interface Batcher {
  /** The batch that had to be closed to make room for `event`, if any. */
  add(event: object): Batch | null;
  /** What is left; null when nothing is. */
  end(): Batch | null;
}

export function createBatcher(limits: { readonly events: number; readonly bytes: number } = BATCH_LIMITS): Batcher {
  let lines: string[] = [];
  let bytes = 0;
  const close = (): Batch | null => {
    if (lines.length === 0) return null;
    const batch = { events: lines.length, body: `{"batch":[${lines.join(',')}]}` };
    lines = [];
    bytes = 0;
    return batch;
  };
  return {
    add(event) {
      const line = JSON.stringify(event);
      const size = Buffer.byteLength(line) + 1;
      const closed = lines.length >= limits.events || bytes + size > limits.bytes ? close() : null;
      lines.push(line);
      bytes += size;
      return closed;
    },
    end: close,
  };
}
