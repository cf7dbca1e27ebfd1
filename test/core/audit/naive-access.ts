import type { Binding } from '../../../shared/core/audit/access.ts';
import { roleName } from '../../../shared/core/audit/graph.ts';
import type { AuditReplies } from '../../../shared/core/audit/replies.ts';
import { ROLE_PERMISSIONS } from '../../../shared/core/audit/role-permissions.ts';

/** Who, and whether there is a way without any condition. */
export type NaiveHolders = ReadonlyMap<string, boolean>;

const ACTING = [
  'iam.serviceAccounts.getAccessToken',
  'iam.serviceAccounts.signBlob',
  'iam.serviceAccounts.signJwt',
  'iam.serviceAccounts.actAs',
  'iam.serviceAccountKeys.create',
  'iam.serviceAccounts.setIamPolicy',
];

/**
 * Who holds a permission, worked out from the definition with sets that grow until they don't: no index, no
 * order, no shortest way. Everything in the replies has to be known but groups.
 */
export function naiveHolders(
  replies: AuditReplies,
  own: readonly Binding[],
  permission: string,
): { readonly direct: NaiveHolders; readonly byActing: NaiveHolders } {
  const merge = (without: ReadonlySet<string>, all: ReadonlySet<string>): NaiveHolders =>
    new Map([...all].map((who) => [who, without.has(who)]));
  const [strict, loose] = [true, false].map((isStrict) => world(replies, isStrict)) as [World, World];
  return {
    direct: merge(strict.holders(own, permission), loose.holders(own, permission)),
    byActing: merge(strict.acting(own, permission), loose.acting(own, permission)),
  };
}

interface World {
  holders(own: readonly Binding[], permission: string): ReadonlySet<string>;
  acting(own: readonly Binding[], permission: string): ReadonlySet<string>;
}

/** @param isStrict as if no binding with a condition were there */
function world(replies: AuditReplies, isStrict: boolean): World {
  const value = <T>(fact: { readonly kind: string; readonly value?: T }): T => fact.value as T;
  const inherited = [
    ...value(replies.projectPolicy).bindings,
    ...value(replies.ancestors).flatMap(({ policy }) => value(policy).bindings),
  ];
  const counts = (binding: Binding): boolean =>
    !isStrict || (binding.condition === null && roleName(binding.role) === binding.role);

  const permissionsOf = (role: string): readonly string[] => {
    const custom = replies.roles[roleName(role)];
    return ROLE_PERMISSIONS.get(roleName(role)) ?? (custom?.kind === 'known' ? custom.value : []);
  };

  const leaves = (member: string): ReadonlySet<string> => {
    const all = new Set([member]);
    for (let size = 0; size !== all.size; ) {
      size = all.size;
      for (const each of [...all]) {
        const group = each.startsWith('group:') ? replies.groups[each.slice(6)] : undefined;
        if (group?.kind === 'known') for (const inside of group.value.members) all.add(inside);
        const [, kind] = /^project(Owner|Editor|Viewer):acme$/.exec(each) ?? [];
        // A convenience member in a basic role of the project itself stands for nobody.
        if (kind === undefined || each !== member) continue;
        for (const binding of inherited.filter(counts)) {
          if (binding.role === `roles/${kind.toLowerCase()}`)
            for (const holder of binding.members) all.add(holder);
        }
      }
    }
    const isGone = (each: string): boolean => {
      if (each.startsWith('group:')) return replies.groups[each.slice(6)]?.kind === 'known';
      return each === member && /^project(Owner|Editor|Viewer):acme$/.test(each);
    };
    return new Set([...all].filter((each) => !isGone(each)));
  };

  const holders = (own: readonly Binding[], permission: string): ReadonlySet<string> =>
    new Set(
      [...own, ...inherited]
        .filter(counts)
        .filter(({ role }) => permissionsOf(role).includes(permission))
        .flatMap(({ members }) => members.flatMap((member) => [...leaves(member)])),
    );

  const accounts = value(replies.accounts).map(({ account, policy }) => ({
    who: `serviceAccount:${account.email}`,
    own: value(policy).bindings,
  }));
  const on = (account: { readonly own: readonly Binding[] }, permissions: readonly string[]) =>
    new Set(permissions.flatMap((permission) => [...holders(account.own, permission)]));

  /** `x → account`: x can get to be the account in one step, or through accounts that delegate. */
  const steps = new Map(accounts.map((account) => [account.who, new Set(on(account, ACTING))]));
  const delegating = new Map(
    accounts.map((account) => [account.who, on(account, ['iam.serviceAccounts.implicitDelegation'])]),
  );
  for (const account of accounts) {
    /** Accounts through which a delegation to this one can go. */
    const through = new Set(
      [...on(account, ['iam.serviceAccounts.getAccessToken'])].filter((who) => steps.has(who)),
    );
    for (let size = -1; size !== through.size; ) {
      size = through.size;
      for (const middle of [...through]) {
        for (const who of delegating.get(middle) ?? []) {
          steps.get(account.who)?.add(who);
          if (steps.has(who)) through.add(who);
        }
      }
    }
  }

  const acting = (own: readonly Binding[], permission: string): ReadonlySet<string> => {
    const reached = new Set<string>();
    const todo = [...holders(own, permission)].filter((who) => steps.has(who));
    const done = new Set<string>();
    for (let account = todo.pop(); account !== undefined; account = todo.pop()) {
      if (done.has(account)) continue;
      done.add(account);
      for (const who of steps.get(account) ?? []) {
        reached.add(who);
        if (steps.has(who)) todo.push(who);
      }
    }
    return reached;
  };
  return { holders, acting };
}
