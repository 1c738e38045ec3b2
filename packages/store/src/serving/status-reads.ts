/** What a status from outside reads of the store: it changes nothing. */
import type { Redis } from 'ioredis';
import { deadLettersKey, pointerKey } from '../format/keys.ts';
import type { GenerationPointer } from '../serving-store.ts';

/** null: no generation was published. */
export async function readPointer(redis: Redis, namespace: string): Promise<GenerationPointer | null> {
  const [sequence, generation] = await redis.hmget(pointerKey(namespace), 'sequence', 'generation');
  return sequence == null ? null : { sequence: Number(sequence), generation: Number(generation) };
}

/** Over all partitions. */
export async function countDeadLetters(redis: Redis, namespace: string, partitions: number): Promise<number> {
  let letters = 0;
  for (let partition = 0; partition < partitions; partition++) letters += await redis.xlen(deadLettersKey(namespace, partition));
  return letters;
}
