import type { IamPolicy } from '../core/audit/access.ts';
import { groupsToRead, rolesToRead } from '../core/audit/graph.ts';
import type { GroupReply } from '../core/audit/group.ts';
import { groupOf } from '../core/audit/member.ts';
import type { AuditReplies } from '../core/audit/replies.ts';
import { type Fact, unknown } from '../core/fact.ts';
import type { GoogleAccess } from '../ports.ts';

/** More custom roles than this in one project's policies are not read, and count as unknown. */
const ROLES_MAX = 500;
/** More groups than this, groups in groups included, are not read, and count as unknown. */
const GROUPS_MAX = 1000;

type RoleReply = Fact<readonly string[]>;

/**
 * Reads the roles and the groups that policies name, each once. It begins with those of one policy while others
 * are still on their way: three requests one after the other at the end of an audit are three in which nothing
 * else is read. What counts is decided by `rolesOf` and `groupsOf` alone, from all policies, so that the order in
 * which they came makes no difference.
 */
export class NamedReads {
  readonly #access: Pick<GoogleAccess, 'rolePermissions' | 'group'>;
  readonly #roles = new Map<string, Promise<RoleReply>>();
  readonly #groups = new Map<string, Promise<Fact<GroupReply>>>();
  readonly #early = new Set<Promise<void>>();

  constructor(access: Pick<GoogleAccess, 'rolePermissions' | 'group'>) {
    this.#access = access;
  }

  /** Begins with what a policy names, and gives the policy back. */
  begin<T extends Fact<IamPolicy | null>>(policy: T): T {
    if (policy.kind === 'known' && policy.value !== null) {
      const early = this.#readEarly(policy.value);
      this.#early.add(early);
      // Who waits for it learns of a failure; until then it is nobody's.
      early.catch(() => {});
    }
    return policy;
  }

  /** The permissions of all roles in these policies that the table does not hold. */
  async rolesOf(policies: readonly IamPolicy[]): Promise<AuditReplies['roles']> {
    const roles = rolesToRead(policies).map(
      async (role, index): Promise<[string, RoleReply]> => [
        role,
        index < ROLES_MAX
          ? await this.#role(role)
          : unknown(`more than ${ROLES_MAX} roles that are not in the table are in use`),
      ],
    );
    return Object.fromEntries(await Promise.all(roles));
  }

  /** The members of these groups, then of the groups in them, level by level. */
  async groupsOf(named: readonly string[]): Promise<AuditReplies['groups']> {
    const groups = new Map<string, Fact<GroupReply>>();
    let level = [...new Set(named)];
    while (level.length > 0) {
      const replies = await Promise.all(
        level.map(
          async (address, index): Promise<[string, Fact<GroupReply>]> => [
            address,
            groups.size + index < GROUPS_MAX
              ? await this.#group(address)
              : unknown(`more than ${GROUPS_MAX} groups are in use`),
          ],
        ),
      );
      const below = new Set<string>();
      for (const [address, group] of replies) {
        groups.set(address, group);
        for (const inside of groupsIn(group)) below.add(inside);
      }
      // Of what is beyond the limit, the groups inside are not known, so this comes to an end.
      level = [...below].filter((address) => !groups.has(address));
    }
    return Object.fromEntries(groups);
  }

  /** Waits for everything that was begun: nothing of an audit runs on after its end. */
  async ended(): Promise<void> {
    await Promise.all(this.#early);
  }

  async #readEarly(policy: IamPolicy): Promise<void> {
    const roles: Record<string, RoleReply> = {};
    await Promise.all(
      rolesToRead([policy]).map(async (role) => {
        if (this.#roles.has(role) || this.#roles.size < ROLES_MAX) roles[role] = await this.#role(role);
      }),
    );
    await Promise.all(groupsToRead([policy], roles).map((address) => this.#readGroupEarly(address)));
  }

  async #readGroupEarly(address: string): Promise<void> {
    if (this.#groups.has(address) || this.#groups.size >= GROUPS_MAX) return;
    const inside = groupsIn(await this.#group(address));
    await Promise.all(inside.map((each) => this.#readGroupEarly(each)));
  }

  #role(role: string): Promise<RoleReply> {
    return once(this.#roles, role, () => this.#access.rolePermissions(role));
  }

  #group(address: string): Promise<Fact<GroupReply>> {
    return once(this.#groups, address, () => this.#access.group(address));
  }
}

function once<T>(reads: Map<string, Promise<T>>, name: string, read: () => Promise<T>): Promise<T> {
  let reading = reads.get(name);
  if (reading === undefined) {
    reading = read();
    reads.set(name, reading);
  }
  return reading;
}

function groupsIn(group: Fact<GroupReply>): readonly string[] {
  if (group.kind === 'unknown') return [];
  return group.value.members.flatMap((member) => groupOf(member) ?? []);
}
