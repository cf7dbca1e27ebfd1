import { createServer } from 'node:net';

/** The port wanted, where nobody listens on it; 0, for any free one, where somebody does. */
export function portIfFree(port: number): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(0));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(port)));
  });
}
