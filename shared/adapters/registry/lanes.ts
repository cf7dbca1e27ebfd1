/**
 * Works through items in their order, a limited number at once. An error stops the lanes from taking more
 * and is thrown after those under way have ended.
 */
export async function inLanes<T>(
  items: readonly T[],
  laneCount: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  let failure: { readonly thrown: unknown } | null = null;
  const lane = async (): Promise<void> => {
    while (failure === null && next < items.length) {
      const item = items[next] as T;
      next += 1;
      try {
        await work(item);
      } catch (thrown) {
        failure ??= { thrown };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(laneCount, items.length) }, lane));
  if (failure !== null) throw (failure as { readonly thrown: unknown }).thrown;
}
