import type { PublicReaders } from '../../ports.ts';
import type { OpenGoogleAccess } from './open-access.ts';
import { publicReaders } from './public-readers.ts';

export interface OpenPublicReaders extends PublicReaders {
  close(): Promise<void>;
}

/**
 * Opens Google's APIs when somebody first asks who may pull: most policies have no rule that does.
 * @param endpoint as for `openGoogleAccess`
 */
export function openPublicReaders(endpoint: string | null): OpenPublicReaders {
  let opened: Promise<OpenGoogleAccess> | null = null;
  return {
    async hasPublicReaders(repository) {
      opened ??= import('./open-access.ts').then(({ openGoogleAccess }) => openGoogleAccess(endpoint));
      return publicReaders((await opened).access).hasPublicReaders(repository);
    },
    async close() {
      await (await opened)?.close();
    },
  };
}
