import type { Fact } from '../../core/fact.ts';

/**
 * Reads each name once: for what many projects of one audit share. Whoever asks while a read is under way
 * waits for the same one. What failed is forgotten, because it may come back for the next project.
 */
export function keptReads<T>(read: (name: string) => Promise<Fact<T>>): (name: string) => Promise<Fact<T>> {
  const kept = new Map<string, Promise<Fact<T>>>();
  return async (name) => {
    const stored = kept.get(name);
    if (stored !== undefined) return stored;
    const reading = read(name);
    kept.set(name, reading);
    const fact = await reading;
    if (fact.kind === 'unknown') kept.delete(name);
    return fact;
  };
}
