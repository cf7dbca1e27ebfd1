import { isLoopback } from '../../core/reference.ts';

/** The origin that a registry is spoken to at: `https://HOST`. */
export type OriginOf = (host: string) => string;

/** HTTPS; plain HTTP on this machine, and with the hosts that the user named for it, each whole. */
export function originsWith(plainHttpHosts: readonly string[]): OriginOf {
  const plain = new Set(plainHttpHosts);
  return (host) => `${isLoopback(host) || plain.has(host) ? 'http' : 'https'}://${host}`;
}
