import { createMemoryStore } from '@tributary/testkit/memory-store';
import { describeStoreContract } from '@tributary/testkit/store-contract';

describeStoreContract('memory', async () => {
  const store = createMemoryStore({ partitions: 4 });
  return {
    speed: store.speed(),
    serving: store.serving(),
    async checkpoint(partition) {
      const snapshot = store.snapshot(partition);
      return async () => store.restore(partition, snapshot);
    },
  };
});
