import type { AccessNode } from './graph.ts';
import { convenienceOf, groupOf, isDeleted, isPublic } from './member.ts';

/** Which kinds of member a policy names, of those that checks look for: most policies name people and no other. */
export interface MemberKinds {
  readonly hasPublic: boolean;
  readonly hasDeleted: boolean;
  /** Accounts, and who may stand for accounts: groups and convenience members. */
  readonly hasAccounts: boolean;
}

const FOUND = new WeakMap<AccessNode, MemberKinds>();

/** The kinds of the members that the bindings of a node name; none where its policy is not known. */
export function memberKindsOf(node: AccessNode): MemberKinds {
  const stored = FOUND.get(node);
  if (stored !== undefined) return stored;
  const kinds = { hasPublic: false, hasDeleted: false, hasAccounts: false };
  for (const { members } of node.bindings.kind === 'known' ? node.bindings.value : []) {
    for (const member of members) {
      // Almost all: nothing else is asked of them.
      if (member.startsWith('user:')) continue;
      if (isPublic(member)) kinds.hasPublic = true;
      else if (isDeleted(member)) kinds.hasDeleted = true;
      else if (member.startsWith('serviceAccount:') || groupOf(member) !== null) kinds.hasAccounts = true;
      else if (convenienceOf(member) !== null) kinds.hasAccounts = true;
    }
  }
  FOUND.set(node, kinds);
  return kinds;
}
