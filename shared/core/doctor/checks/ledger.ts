import { command, fine, missing, terraform, unclear } from '../answer.ts';
import type { Check } from '../check.ts';

/** Collections whose documents expire. docs/ledger.md says when, the Terraform module makes it so, and a test compares. */
export const EXPIRING_COLLECTIONS: readonly string[] = [
  'deeds',
  'events',
  'manifests',
  'observations',
  'pushes',
  'reservations',
  'runs',
  'samples',
  'ticks',
];

/** Whether the ledger can be reached, is of a version that this program reads, and forgets what has expired. */
export const ledger: Check = {
  id: 'ledger',
  title: 'Ledger',
  answers: ({ ledger, deployment: { ledger: name } }) => {
    if (ledger.kind === 'unknown') return [unclear(`The ledger ${name} could not be read: ${ledger.reason}`)];
    if (ledger.value === null) return [missing(`There is no ledger ${name}.`, command('terraform apply'))];
    const { version, newest, expiring } = ledger.value;
    if (version !== null && version > newest) {
      const text = `The ledger ${name} is of version ${version}, and this gcr-warden reads up to ${newest}.`;
      return [missing(text, command('npm install --global gcr-warden@latest'))];
    }
    const stored = version === null ? 'holds nothing yet' : `is of version ${version}`;
    const reached = fine(
      `The ledger ${name} can be read and ${stored}; this gcr-warden reads up to ${newest}.`,
    );
    if (expiring === null) return [reached];
    if (expiring.kind === 'unknown') {
      return [reached, unclear(`Which documents expire could not be read: ${expiring.reason}`)];
    }
    const there = new Set(expiring.value);
    const kept = EXPIRING_COLLECTIONS.filter((collection) => !there.has(collection));
    if (kept.length === 0) return [reached];
    const text = `Documents of ${kept.join(', ')} never expire, and are billed for good.`;
    return [reached, missing(text, terraform('google_firestore_field.expiry, in the module'))];
  },
};
