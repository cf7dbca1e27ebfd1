import { type AccessGraph, type AccessNode, bindingOf, type GraphBinding, rolesOn } from './graph.ts';

/** A binding that names somebody, and what it is on. */
export interface BindingPlace {
  readonly node: AccessNode;
  readonly binding: GraphBinding;
}

/** Every policy of the graph that can be read or should have been, from the top down. */
export function allNodes(graph: AccessGraph): readonly AccessNode[] {
  const { ancestors, project, registries, accounts, topic } = graph;
  return [
    ...(ancestors.kind === 'known' ? [...ancestors.value].reverse() : []),
    project,
    ...registries,
    ...(accounts.kind === 'known' ? accounts.value : []),
    ...(topic.kind === 'known' && topic.value !== null ? [topic.value] : []),
  ];
}

const STORED = new WeakMap<AccessGraph, ReadonlyMap<string, readonly BindingPlace[]>>();

/** The bindings that name the project's own accounts, by the account's address. Those of others are not kept. */
export function accountBindings(graph: AccessGraph): ReadonlyMap<string, readonly BindingPlace[]> {
  const stored = STORED.get(graph);
  if (stored !== undefined) return stored;
  const accounts = graph.accounts.kind === 'known' ? graph.accounts.value : [];
  const found = new Map<string, BindingPlace[]>(accounts.map(({ account }) => [account.email, []]));
  if (found.size > 0) {
    for (const node of allNodes(graph)) {
      for (const role of rolesOn(node)) {
        if (!role.kinds.hasAccounts) continue;
        for (const written of role.written) {
          for (const member of written.members) {
            if (!member.startsWith(ACCOUNT)) continue;
            const binding = bindingOf(role, written);
            found.get(member.slice(ACCOUNT.length))?.push({ node, binding });
          }
        }
      }
    }
  }
  const distinct = new Map([...found].map(([email, places]) => [email, inOrder(places)]));
  STORED.set(graph, distinct);
  return distinct;
}

/** A policy may hold one binding in several pieces, in any order. */
function inOrder(places: readonly BindingPlace[]): readonly BindingPlace[] {
  const byName = new Map(
    places.map((place) => [
      JSON.stringify([place.node.resource, place.binding.role, place.binding.condition]),
      place,
    ]),
  );
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, place]) => place);
}

const ACCOUNT = 'serviceAccount:';

/** Policies in which an account may have a binding that could not be seen, by their labels. */
export function unreadPolicies(graph: AccessGraph): readonly string[] {
  const labels = allNodes(graph)
    .filter(({ bindings }) => bindings.kind === 'unknown')
    .map(({ label }) => label);
  if (graph.ancestors.kind === 'unknown') labels.push('what is above the project');
  if (graph.accounts.kind === 'unknown') labels.push('the service accounts');
  if (graph.topic.kind === 'unknown') labels.push('topic gcr');
  return [...labels, ...graph.unlisted.map(({ label }) => label)].sort();
}
