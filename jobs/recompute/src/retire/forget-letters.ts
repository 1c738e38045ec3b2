/** After a run: dead letters lose users who were erased, by the digests of the generation. */
import { digestsBy, erasureKey } from '@tributary/archive/erasure-key';
import { readGeneration } from '@tributary/archive/generations';
import { usersNamed } from '@tributary/model/reading/users-named';
import type { RunPorts } from '../ports.ts';

/** Never fails a run: what is not looked at now is after the next one. Each looks at all letters: 10 000 or so of a partition. */
export async function forgetInLetters(
  generation: number,
  { dataDir, serving, note }: Pick<RunPorts, 'dataDir' | 'serving' | 'note'>,
  signal: AbortSignal,
): Promise<void> {
  try {
    const { erased: byThen = [] } = await readGeneration(dataDir, generation);
    if (byThen.length === 0) return;
    const states = await serving.states();
    // One that has not read the barrier may not know who is erased: their letters would stay, in any partition, and pass for searched.
    if (states.some((state) => (state?.generation ?? 0) < generation)) return;
    // Who was lifted since the cut may have sent what is parked.
    const now = new Set(states.flatMap((state) => state?.erased ?? []));
    const erased = new Set(byThen.filter((digest) => now.has(digest)));
    const digestOf = digestsBy(await erasureKey(dataDir));
    const count = await serving.deadLetters.forget(generation, ({ raw }) => {
      signal.throwIfAborted();
      return usersNamed(raw).some((user) => erased.has(digestOf(user)));
    });
    if (count > 0) note('dead letters of users who were erased are gone', { letters: count });
  } catch (error) {
    signal.throwIfAborted();
    note('dead letters could not be searched for users who were erased', { error: String(error) });
  }
}
