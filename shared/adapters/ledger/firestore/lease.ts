import type { DocumentReference } from '@google-cloud/firestore';
import { canonicalRepository } from '../../../core/repository-alias.ts';
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

/** Where the lease of a repository is: one by all of its names, so that no two run over it by two of them. */
export function leaseAt(documents: Documents, repository: string): DocumentReference {
  return documents.collection('leases').doc(documentName(canonicalRepository(repository)));
}

/** What a write under a lease depends on; null for a write under none. */
export function fenceOf(documents: Documents, lease: Lease | undefined): Fence | null {
  if (lease === undefined) return null;
  return {
    at: leaseAt(documents, lease.repository),
    check: (snapshot) => checkFence(lease, snapshot === null ? null : leaseOf(new Stored(snapshot))),
  };
}
