import { type Ability, abilitiesOn } from './ability.ts';
import { type AccessGraph, type AccessNode, rolesOn } from './graph.ts';
import { standsOf } from './stand-for.ts';

/** What an account of the project may do to images. */
export interface ImageRight {
  /** `push`, `delete`, `administer`, in the order of `ABILITIES`; never only reading. */
  readonly abilities: readonly Ability[];
  /** One way to it, from the account on: `roles/artifactregistry.writer on project acme`. */
  readonly by: string;
}

/** Which accounts of the project can change images, as far as it can be seen. */
export interface ImageRights {
  /** By the account's address. */
  readonly byAccount: ReadonlyMap<string, ImageRight>;
  /** Why there may be more, sorted. */
  readonly unseen: readonly string[];
}

const ACCOUNT = 'serviceAccount:';

/** The abilities that come by acting as an account or by becoming able to. */
export function actingAbilities(permissions: Parameters<typeof abilitiesOn>[1]): readonly Ability[] {
  return abilitiesOn(['account'], permissions);
}

/**
 * Finds the accounts of the project that can push, delete or administer images: by a binding on a registry or
 * above it, through groups, and by acting as another such account.
 */
export function imageRights(graph: AccessGraph): ImageRights {
  const accounts = graph.accounts.kind === 'known' ? graph.accounts.value : [];
  const own = new Set(accounts.map(({ account }) => account.email));
  const found = new Map<string, ImageRight>();
  const unseen = new Set<string>();
  if (graph.accounts.kind === 'unknown') unseen.add(`the service accounts: ${graph.accounts.reason}`);
  if (graph.ancestors.kind === 'unknown') unseen.add(`what is above the project: ${graph.ancestors.reason}`);
  for (const { label, reason } of graph.unlisted) unseen.add(`${label}: ${reason}`);
  const stands = standsOf(graph);

  /** Adds everybody of the project whom these bindings give one of these abilities on images. */
  const visit = (
    node: AccessNode,
    abilitiesOf: (role: string, held: readonly Ability[]) => readonly Ability[],
  ): boolean => {
    if (node.bindings.kind === 'unknown') {
      unseen.add(`the policy of ${node.label}: ${node.bindings.reason}`);
      return false;
    }
    let isNew = false;
    for (const { role, permissions, written, kinds: members } of rolesOn(node)) {
      if (permissions.kind === 'unknown') {
        unseen.add(`the permissions of ${role}: ${permissions.reason}`);
        continue;
      }
      const kinds =
        node.kind === 'bucket' || node.kind === 'repository' || node.kind === 'account' ? [node.kind] : ABOVE;
      const abilities = abilitiesOf(role, abilitiesOn(kinds, permissions.value));
      if (abilities.length === 0 || !(members.hasAccounts || members.hasSets)) continue;
      for (const binding of written) {
        for (const member of binding.members) {
          for (const { who } of stands(member).stands) {
            const email = who.startsWith(ACCOUNT) ? who.slice(ACCOUNT.length) : '';
            if (!own.has(email) || found.has(email)) continue;
            found.set(email, { abilities, by: `${role} on ${node.label}` });
            isNew = true;
          }
        }
      }
    }
    return isNew;
  };

  const above = [...(graph.ancestors.kind === 'known' ? graph.ancestors.value : []), graph.project];
  for (const node of [...above, ...graph.registries])
    visit(node, (_role, held) => held.filter(changesImages));
  // Whoever acts as one of them is one of them: round by round until nobody is added.
  for (let isNew = found.size > 0; isNew; ) {
    isNew = false;
    for (const node of accounts) {
      const right = found.get(node.account.email);
      if (right === undefined) continue;
      if (visit(node, (_role, held) => (held.length > 0 ? right.abilities : []))) isNew = true;
    }
    const first = found.values().next().value;
    for (const node of above) {
      if (visit(node, (_role, held) => (held.some(actsAsAccounts) ? (first?.abilities ?? []) : [])))
        isNew = true;
    }
  }
  return { byAccount: found, unseen: [...unseen].sort() };
}

const ABOVE = ['bucket', 'repository', 'project', 'account'] as const;

function changesImages(ability: Ability): boolean {
  return ability === 'push' || ability === 'delete' || ability === 'administer';
}

function actsAsAccounts(ability: Ability): boolean {
  return ability === 'act as' || ability === 'make keys';
}
