/** Calls back for a name once it has been quiet for a while, however often it was touched. */
export interface Settling {
  touch(name: string): void;
  close(): void;
}

export function createSettling(quietMs: number, onQuiet: (name: string) => void): Settling {
  const timers = new Map<string, NodeJS.Timeout>();
  return {
    touch(name) {
      clearTimeout(timers.get(name));
      const timer = setTimeout(() => {
        timers.delete(name);
        onQuiet(name);
      }, quietMs);
      timers.set(name, timer);
    },
    close() {
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
    },
  };
}
