import type { Fact } from '../fact.ts';
import type { Organization } from './hierarchy.ts';
import { convenienceOf, groupOf, isDeleted, isPublic } from './member.ts';

/**
 * Which kinds of member a role has, of those that checks look for. Most name people of the organisation and nobody
 * else, and then no check has to look at each of them.
 */
export interface MemberKinds {
  readonly hasPublic: boolean;
  readonly hasDeleted: boolean;
  readonly hasAccounts: boolean;
  /** Groups and convenience members, who stand for others. */
  readonly hasSets: boolean;
  /** Anybody who is not plainly a user of the organisation's own domain. */
  readonly hasOthers: boolean;
}

export type FoundKinds = { -readonly [Kind in keyof MemberKinds]: boolean };

export function noKinds(): FoundKinds {
  return { hasPublic: false, hasDeleted: false, hasAccounts: false, hasSets: false, hasOthers: false };
}

/** How the name of every user of the organisation's own domain ends; null where there is no such domain. */
export function usersOf(organization: Fact<Organization | null>): string | null {
  const domain = organization.kind === 'known' ? (organization.value?.domain ?? '') : '';
  return domain === '' || domain.includes('@') ? null : `@${domain}`;
}

/**
 * Adds the kind of one member.
 * @param ownUsers how the names of the organisation's own users end; null where nobody is known to be its own
 */
export function addKind(kinds: FoundKinds, member: string, ownUsers: string | null): void {
  const isUser = member.startsWith('user:');
  // Almost all: nothing else is asked of them.
  if (isUser && ownUsers !== null && member.endsWith(ownUsers)) return;
  kinds.hasOthers = true;
  if (isUser) return;
  if (isPublic(member)) kinds.hasPublic = true;
  else if (isDeleted(member)) kinds.hasDeleted = true;
  else if (member.startsWith('serviceAccount:')) kinds.hasAccounts = true;
  else if (groupOf(member) !== null || convenienceOf(member) !== null) kinds.hasSets = true;
}
