import { createMemoryStore } from '@tributary/testkit/memory-store';
import { describeStoreContract } from '@tributary/testkit/store-contract';

describeStoreContract('memory', async () => {
  const store = createMemoryStore({ partitions: 4 });
  return {
    speed: store.speed(),
    serving: store.serving(),
    async checkpoint() {
      const snapshot = store.snapshot(2);
      return async () => store.restore(2, snapshot);
    },
  };
});
