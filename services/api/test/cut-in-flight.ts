/** A generation that was cut while a message between keys of one person was on its way, or after it had come. */
import type { Definitions } from '@tributary/model/definitions';
import { messageNumber } from '@tributary/model/identity/message-line';
import { createWorld, PARTITIONS, type World } from './world.ts';

const NUMBER = messageNumber('00000001.0000000', 0);
const [FROM, TO] = [0, PARTITIONS - 1];

/** Leaves one message on its way, until `arrive` is called. */
export async function sendMessage({ commit }: World): Promise<{ arrive(): Promise<void> }> {
  const numbers = (partition: number) => Array.from({ length: PARTITIONS }, (_, at) => (at === partition ? NUMBER : ''));
  for (let partition = 0; partition < PARTITIONS; partition++)
    await commit(partition, {}, { relayed: { sent: [], applied: [] } });
  await commit(FROM, {}, { relayed: { sent: numbers(TO), applied: [] } });
  return {
    arrive: async () => {
      await commit(TO, {}, { relayed: { sent: [], applied: numbers(FROM) } });
    },
  };
}

/** Generation 1 is published. */
export async function cutInFlight(definitions: Definitions, isInFlight: boolean): Promise<World> {
  const world = await createWorld({ definitions });
  const { arrive } = await sendMessage(world);
  if (!isInFlight) await arrive();
  await world.cut(1);
  await world.publish(1);
  if (isInFlight) await arrive();
  await world.tick();
  return world;
}
