/**
 * The one generator of random numbers: sfc32 (Doty-Humphrey, PractRand). Equal states give equal numbers, bit for bit, on every machine.
 * Not for secrets.
 */

/** Whole numbers in [0, 2^32), each equally likely, from three words of state. The first 15, which still show the state's pattern, are left out. */
export function sfc32(a: number, b: number, c: number): () => number {
  let counter = 1;
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let i = 0; i < 15; i++) next();
  return next;
}
