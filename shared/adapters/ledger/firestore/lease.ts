import type { Lease } from '../../../ports.ts';
import { checkFence } from '../lease-lost.ts';
import { documentName } from './document-name.ts';
import type { Documents, Fence } from './documents.ts';
import { Stored } from './stored.ts';

/** The lease that a document holds. */
export function leaseOf(stored: Stored): Lease {
  return {
    repository: stored.text('repository'),
    holder: stored.text('holder'),
    fencingToken: stored.integer('fencingToken'),
    untilMs: stored.integer('untilMs'),
  };
}

/** What a write under a lease depends on; null for a write under none. */
export function fenceOf(documents: Documents, lease: Lease | undefined): Fence | null {
  if (lease === undefined) return null;
  return {
    at: documents.collection('leases').doc(documentName(lease.repository)),
    check: (snapshot) => checkFence(lease, snapshot === null ? null : leaseOf(new Stored(snapshot))),
  };
}
