import { type Fact, known } from '../fact.ts';
import { type Ability, type KnownAbilities, sharedAbilities } from './ability.ts';
import type { IamCondition } from './access.ts';
import { aclGrants } from './bucket-acl.ts';
import { type AccessGraph, type AccessNode, conditionOf, type GraphBinding, rolesOn } from './graph.ts';
import { convenienceOf, groupOf } from './member.ts';
import type { Permission } from './role-permissions.ts';
import { alone, conditionsOf, type Stand, standsOf } from './stand-for.ts';

/** Who can do what to which registries and accounts, by which way. */
export interface Grant {
  readonly member: string;
  /** From the least to the most; unknown where the role's permissions are. */
  readonly abilities: Fact<readonly Ability[]>;
  /** What it can be done to: `bucket …`, `repository …`, `account …`, `project …`; sorted. */
  readonly on: readonly string[];
  /** The way to it, from the member to the resource: `in group:eng@example.com`, `roles/editor on folder 301`. */
  readonly path: readonly string[];
  /** null: it always holds. Unknown: there is one that the reply hides. */
  readonly condition: Fact<string | null>;
}

/** Every grant of an audit, made row by row when somebody asks for them: as objects they would be most of its memory. */
export class Grants implements Iterable<Grant> {
  readonly #make: () => Iterable<Grant>;

  /** @param make asked once for each time that somebody goes through them */
  constructor(make: () => Iterable<Grant>) {
    this.#make = make;
  }

  [Symbol.iterator](): Iterator<Grant> {
    return this.#make()[Symbol.iterator]();
  }

  /** All rows at once, for who makes JSON of them. */
  toJSON(): readonly Grant[] {
    return [...this];
  }
}

/** The members of a group larger than this have no rows of their own: the row of the group stands for them. */
const GROUP_ROWS_MAX = 100;

/**
 * Every grant that reaches the registry or an account. What is granted on the project, on a folder or on the
 * organisation reaches all its buckets and repositories. A group has a row, and so has each of its members
 * that can be seen; a convenience member is followed to the holders of the basic role. By member, then from
 * the nearest folder over the project to registries and accounts, each by role; entries of access control lists
 * come last. Nothing is worked out before the
 * first row is asked for.
 */
export function grants(graph: AccessGraph): Grants {
  let columns: GrantColumns | null = null;
  return new Grants(() => {
    columns ??= columnsOf(graph);
    return rowsOf(columns);
  });
}

/** A role on a resource: what all its members can do by it. */
interface Source {
  readonly reached: readonly Reached[];
  /** The last step of the way, one list for all. */
  readonly lastStep: readonly string[];
}

/** One entry for each way from somebody to a source; what they have in common is there once. */
interface GrantColumns {
  readonly members: readonly string[];
  readonly sources: readonly Source[];
  /** Of each entry: who, in `members`; by which source; and how, null for himself and always, as almost all are. */
  readonly memberAt: readonly number[];
  readonly sourceAt: readonly number[];
  readonly wayAt: readonly (Way | null)[];
}

/** How somebody comes to a source. */
interface Way {
  readonly path: readonly string[];
  readonly condition: Grant['condition'];
}

function columnsOf(graph: AccessGraph): GrantColumns {
  const members = new Map<string, number>();
  const sources: Source[] = [];
  const memberAt: number[] = [];
  const sourceAt: number[] = [];
  const wayAt: (Way | null)[] = [];
  const add = (member: string, way: Way | null): void => {
    let at = members.get(member);
    if (at === undefined) {
      at = members.size;
      members.set(member, at);
    }
    memberAt.push(at);
    sourceAt.push(sources.length - 1);
    wayAt.push(way);
  };
  const standsFor = standsFrom(graph);
  const accounts = graph.accounts.kind === 'known' ? graph.accounts.value : [];
  const ancestors = graph.ancestors.kind === 'known' ? graph.ancestors.value : [];
  for (const node of [...ancestors, graph.project, ...graph.registries, ...sortedBy(accounts)]) {
    const isAbove = node.kind === 'project' || node.kind === 'folder' || node.kind === 'organization';
    const below: readonly AccessNode[] = isAbove ? [graph.project, ...graph.registries] : [node];
    for (const { role, permissions, written, kinds } of rolesOn(node)) {
      const reached = reachOf(below, permissions);
      if (reached.length === 0) continue;
      const lastStep = [`${role} on ${node.label}`];
      sources.push({ reached, lastStep });
      for (const binding of written) {
        const condition = conditionOf(binding);
        const itself = conditionText({ condition }, []);
        const direct = itself === UNCONDITIONAL ? null : { path: lastStep, condition: itself };
        for (const member of binding.members) {
          const stands = kinds.hasSets ? standsFor(member) : null;
          if (stands === null) {
            add(member, direct);
            continue;
          }
          for (const { who, path, conditions } of stands) {
            const both = conditions.length === 0 ? itself : conditionText({ condition }, conditions);
            add(who, path.length === 0 ? direct : { path: [...path, ...lastStep], condition: both });
          }
        }
      }
    }
  }
  for (const node of graph.registries) {
    if (node.kind !== 'bucket') continue;
    for (const { member, abilities, on, step, condition } of aclGrants(node, graph).grants) {
      const lastStep = [step];
      sources.push({ reached: [{ abilities: known(abilities), on: [on] }], lastStep });
      for (const { who, path, conditions } of standsFor(member) ?? [alone(member)]) {
        const both = conditionText({ condition }, conditions);
        add(who, { path: path.length === 0 ? lastStep : [...path, ...lastStep], condition: both });
      }
    }
  }
  return { members: [...members.keys()], sources, memberAt, sourceAt, wayAt };
}

/** By member; the entries of one member are in order already, but for those of one source. */
function* rowsOf(columns: GrantColumns): Generator<Grant> {
  const { members, sources, sourceAt } = columns;
  const entriesOf = entriesByMember(columns);
  const names = members.map((name, at) => ({ name, at })).sort((a, b) => compareTexts(a.name, b.name));
  for (const { name, at } of names) {
    const entries = entriesOf(at);
    for (let from = 0, to = 0; from < entries.length; from = to) {
      const sourceIndex = sourceAt[entries[from] as number] as number;
      const source = sources[sourceIndex] as Source;
      do to += 1;
      while (to < entries.length && sourceAt[entries[to] as number] === sourceIndex);
      const rows =
        to - from === 1
          ? rowsBy(name, source, columns, entries[from] as number)
          : distinct(name, source, columns, entries.subarray(from, to));
      for (const row of rows) yield row;
    }
  }
}

/** The entries of each member in their order, all in one array. */
function entriesByMember({ members, memberAt }: GrantColumns): (member: number) => Uint32Array {
  const ends = new Uint32Array(members.length + 1);
  for (const member of memberAt) ends[member + 1] = (ends[member + 1] ?? 0) + 1;
  for (let at = 1; at < ends.length; at += 1) ends[at] = (ends[at] ?? 0) + (ends[at - 1] ?? 0);
  const next = ends.slice();
  const entries = new Uint32Array(memberAt.length);
  let entry = 0;
  for (const member of memberAt) {
    const place = next[member] ?? 0;
    entries[place] = entry;
    next[member] = place + 1;
    entry += 1;
  }
  return (member) => entries.subarray(ends[member], ends[member + 1]);
}

function rowsBy(
  member: string,
  { reached, lastStep }: Source,
  { wayAt }: GrantColumns,
  entry: number,
): readonly Grant[] {
  const { path, condition } = wayAt[entry] ?? { path: lastStep, condition: UNCONDITIONAL };
  return reached.map(({ abilities, on }) => ({ member, abilities, on, path, condition }));
}

/** Rows by one source in their order; the same grant by two bindings is one. */
function distinct(
  member: string,
  source: Source,
  columns: GrantColumns,
  entries: Uint32Array,
): readonly Grant[] {
  const rows = [...entries].flatMap((entry) => rowsBy(member, source, columns, entry)).sort(compareRows);
  return rows.filter((row, index) => index === 0 || compareRows(rows[index - 1] as Grant, row) !== 0);
}

/** Whom a member has rows for; null for those who stand for themselves, which almost all do. */
function standsFrom(graph: AccessGraph): (member: string) => readonly Stand[] | null {
  const stands = standsOf(graph);
  return (member) => {
    if (groupOf(member) !== null) {
      const inside = stands(member).stands;
      const itself = [{ who: member, path: [], conditions: [] }];
      if (inside.length > GROUP_ROWS_MAX) return itself;
      return [...itself, ...inside.filter(({ who }) => who !== member)];
    }
    return convenienceOf(member) === null ? null : stands(member).stands;
  };
}

function sortedBy<T extends { readonly resource: string }>(nodes: readonly T[]): readonly T[] {
  return [...nodes].sort((a, b) => compareTexts(a.resource, b.resource));
}

interface Reached {
  readonly abilities: Grant['abilities'];
  readonly on: readonly string[];
}

/** What a role allows, once for each group of resources on which it allows the same. */
function reachOf(below: readonly AccessNode[], permissions: GraphBinding['permissions']): readonly Reached[] {
  if (permissions.kind === 'unknown') {
    return [{ abilities: permissions, on: below.map(({ label }) => label).sort() }];
  }
  const [only] = below;
  if (only !== undefined && below.length === 1) {
    const abilities = abilitiesIn(only, permissions.value);
    return abilities === null ? [] : [{ abilities, on: [only.label] }];
  }
  const groups = new Map<string, { abilities: KnownAbilities; on: string[] }>();
  for (const node of below) {
    const abilities = abilitiesIn(node, permissions.value);
    if (abilities === null) continue;
    const group = groups.get(abilities.value.join()) ?? { abilities, on: [] };
    group.on.push(node.label);
    groups.set(abilities.value.join(), group);
  }
  return [...groups.values()].map(({ abilities, on }) => ({ abilities, on: on.sort() }));
}

/** What permissions allow on a resource itself; null for nothing. */
function abilitiesIn({ kind }: AccessNode, permissions: readonly Permission[]): KnownAbilities | null {
  if (kind === 'folder' || kind === 'organization' || kind === 'topic') return null;
  const abilities = sharedAbilities(kind, permissions);
  return abilities.value.length === 0 ? null : abilities;
}

/** Almost every grant has no condition, and one value says so for all of them. */
const UNCONDITIONAL: Grant['condition'] = known(null);

function conditionText(
  binding: Pick<GraphBinding, 'condition'>,
  inherited: readonly Fact<IamCondition>[],
): Fact<string | null> {
  if (binding.condition.kind === 'known' && binding.condition.value === null && inherited.length === 0) {
    return UNCONDITIONAL;
  }
  const texts: string[] = [];
  for (const condition of [...inherited, ...conditionsOf(binding)]) {
    if (condition.kind === 'unknown') return condition;
    texts.push(`${condition.value.title}: ${condition.value.expression}`);
  }
  return known(texts.join(' and '));
}

/** Two rows with one path, one first resource and one condition are of the same role and group of resources. */
function compareRows(a: Grant, b: Grant): number {
  const length = Math.max(a.path.length, b.path.length);
  for (let index = 0; index < length; index += 1) {
    const order = compareTexts(a.path[index] ?? '', b.path[index] ?? '');
    if (order !== 0) return order;
  }
  return compareTexts(a.on[0] ?? '', b.on[0] ?? '') || compareTexts(conditionKey(a), conditionKey(b));
}

function conditionKey({ condition }: Grant): string {
  return condition.kind === 'known' ? (condition.value ?? '') : `?${condition.reason}`;
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
