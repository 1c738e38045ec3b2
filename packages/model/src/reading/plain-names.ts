import { bytesOf, isAt } from './plain-json.ts';

export interface Names {
  /** The text of the bytes `[from, to)`, where it was kept and has not been replaced since. */
  textAt(data: Uint8Array, from: number, to: number): string | undefined;
  keep(text: string): string;
}

const SLOTS = 1_024;

/**
 * Texts that many events share, each once in memory: a cache, in which a text takes the place of another that falls on its slot. By their bytes,
 * whatever these are, for names stay in timelines for long: those of `signals` and `store` spare one call the making of ASCII texts.
 * `asKept`: what is kept in place of a text.
 */
export function createNames(asKept = (text: string) => text): Names {
  const texts: (string | undefined)[] = new Array(SLOTS).fill(undefined);
  const bytes: Uint8Array[] = new Array(SLOTS).fill(new Uint8Array(0));

  return {
    textAt(data, from, to) {
      const slot = slotOf(data, from, to);
      const known = bytes[slot] as Uint8Array;
      return known.length === to - from && isAt(data, from, known) ? texts[slot] : undefined;
    },
    keep(text) {
      const own = bytesOf(text);
      const slot = slotOf(own, 0, own.length);
      const kept = asKept(text);
      texts[slot] = kept;
      bytes[slot] = own;
      return kept;
    },
  };
}

function slotOf(data: Uint8Array, from: number, to: number): number {
  const mixed =
    (data[from] as number) +
    (data[(from + to) >>> 1] as number) * 7 +
    (data[to - 1] as number) * 31 +
    (data[to > from + 1 ? to - 2 : from] as number) * 131 +
    (to - from) * 17;
  return mixed & (SLOTS - 1);
}
