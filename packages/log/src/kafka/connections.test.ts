import { scriptedBroker } from '@tributary/testkit/kafka/scripted-broker';
import { expect, it } from 'vitest';
import { createConnections } from './connections.ts';

it('who asks after a drop gets another connection than the one under way, and the two that ask at once the same', async () => {
  const broker = await scriptedBroker(() => {});
  const connections = createConnections({ brokers: [], clientId: 'tests' });
  try {
    const before = connections.to(broker.address);
    connections.drop(broker.address);
    const after = [connections.to(broker.address), connections.to(broker.address)];
    const dropped = await before;
    const [one, other] = await Promise.all(after);
    expect(other).toBe(one);
    for (let turns = 0; turns < 20_000 && dropped.isOpen(); turns++) await new Promise(setImmediate);
    expect(dropped.isOpen()).toBe(false);
    expect(one?.isOpen()).toBe(true);
    expect(await connections.to(broker.address)).toBe(one);
    expect(broker.sockets).toHaveLength(2);
  } finally {
    connections.closeAll();
    await broker.stop();
  }
});
