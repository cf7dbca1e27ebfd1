import type { Fact } from '../fact.ts';
import type { IamPolicy } from './access.ts';

/** What Resource Manager says of the audited project itself. */
export interface ProjectIdentity {
  /** The number that Google gave it: its service agents and default accounts are named by it. */
  readonly number: string;
  /** `folders/N` or `organizations/N`; null for a project without an organisation. */
  readonly parent: string | null;
  /** `ACTIVE`, `DELETE_REQUESTED` or another word of Google's; null where the reply has none. */
  readonly state: string | null;
}

/** A folder or the organisation above a project, with what it grants to everything below it. */
export interface AncestorReply {
  /** `folders/N` or `organizations/N` */
  readonly name: string;
  readonly policy: Fact<IamPolicy>;
}

/** The organisation that a project is in. */
export interface Organization {
  /** `organizations/N` */
  readonly name: string;
  /** Its primary domain, `example.com`; empty where the reply has none. */
  readonly domain: string;
  /** `C0xxxxxxx`: what `iam.allowedPolicyMemberDomains` names it by; null where the reply has none. */
  readonly customerId: string | null;
}

/** The constraints of the organisation policy that a check asks for. */
export const ORG_CONSTRAINTS = [
  'iam.allowedPolicyMemberDomains',
  'iam.disableServiceAccountKeyCreation',
  'iam.managed.disableServiceAccountKeyCreation',
  'storage.publicAccessPrevention',
] as const;

/** One of the constraints that a check asks for. */
export type OrgConstraint = (typeof ORG_CONSTRAINTS)[number];

/** What a constraint comes to for the project, by all policies above it together. */
export type OrgPolicy =
  /** Of a constraint that is on or off. */
  | { readonly kind: 'boolean'; readonly enforced: boolean }
  /** Of a constraint that lists values. */
  | {
      readonly kind: 'list';
      /** `all`: every value that `denied` does not name. */
      readonly allowed: 'all' | readonly string[];
      readonly denied: 'all' | readonly string[];
    };
