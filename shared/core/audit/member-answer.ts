import type { Finding } from '../finding.ts';
import { bindingEvidence, bindingSubject } from './binding.ts';
import { type Answer, type AuditCase, type Check, findingOf } from './check.ts';
import {
  type AccessGraph,
  type AccessNode,
  type AncestorNode,
  bindingOf,
  type GraphBinding,
  projectResource,
} from './graph.ts';
import { isServiceAgent } from './member.ts';
import type { Permission } from './role-permissions.ts';

/** One member of one binding, with what its role allows. */
export interface MemberCase {
  readonly node: AccessNode;
  readonly binding: GraphBinding;
  readonly member: string;
  readonly permissions: readonly Permission[];
}

/** What a check says of one member of one binding. */
export type MemberAnswer = Omit<Answer, 'resource' | 'subject' | 'binding'> & {
  /** Tells two answers about one member of one binding apart: a person in a group. */
  readonly about?: string;
};

/** That nobody can say something of whole groups of members, for one and the same reason. */
export interface SharedUnknown {
  readonly status: 'UNKNOWN of many';
  /** The sentence about this member; asked for only where it is the first. */
  readonly evidence: () => string;
}

/** What a check asks about the members of bindings. */
export interface MemberQuestion {
  readonly nodes: readonly AccessNode[];
  /** Whether a role that allows this may be of interest there; left out, every one may. */
  readonly allows?: (permissions: readonly Permission[], node: AccessNode) => boolean;
  /** Whether nobody who is plainly a user of the organisation's own domain concerns the check. */
  readonly ofOthers?: true;
  /** Whether the check may have something to say of this member, whatever the role allows. */
  readonly concerns: (member: string, node: AccessNode, role: string) => boolean;
  /** Empty: nothing to say of it. */
  readonly judge: (each: MemberCase) => readonly MemberAnswer[] | SharedUnknown;
  /** The sentence for a policy of which nothing else is said; null where that is worth none. */
  readonly passes: (node: AccessNode) => string | null;
}

/**
 * Asks a check about every member of every binding on some nodes. A policy that could not be read is UNKNOWN, and
 * so is a role that could not be read; a policy of which nothing is said is PASS. What is unknown of many for one
 * reason is one finding: ten thousand would hide all others.
 */
export function answerForMembers(
  check: Check,
  audit: AuditCase,
  { nodes, allows, ofOthers, concerns, judge, passes }: MemberQuestion,
): readonly Finding[] {
  return nodes.flatMap((node): readonly Finding[] => {
    const say = (status: 'PASS' | 'UNKNOWN', evidence: string): Finding =>
      findingOf(check, audit, { status, resource: node.resource, evidence });
    if (node.bindings.kind === 'unknown') {
      return [say('UNKNOWN', `The policy of ${node.label} could not be read: ${node.bindings.reason}`)];
    }
    const found: Finding[] = [];
    let shared: { readonly first: string; others: number } | null = null;
    for (const each of node.bindings.value) {
      const { role, permissions, written, kinds } = each;
      if (ofOthers === true && !kinds.hasOthers) continue;
      if (permissions.kind === 'unknown') {
        const [first, ...others] = written.flatMap(({ members }) =>
          members.filter((member) => concerns(member, node, role)),
        );
        if (first === undefined) continue;
        const more = others.length === 0 ? '' : `; so have ${others.length} more`;
        const evidence = `${first} has ${role} on ${node.label}, and what that role allows could not be read: ${permissions.reason}${more}`;
        const { resource } = node;
        found.push(findingOf(check, audit, { status: 'UNKNOWN', resource, subject: [role], evidence }));
        continue;
      }
      if (allows?.(permissions.value, node) === false) continue;
      for (const one of written) {
        let binding: GraphBinding | null = null;
        for (const member of one.members) {
          if (!concerns(member, node, role)) continue;
          binding ??= bindingOf(each, one);
          const answers = judge({ node, binding, member, permissions: permissions.value });
          if ('status' in answers) {
            if (shared === null) shared = { first: answers.evidence(), others: 0 };
            else shared.others += 1;
            continue;
          }
          for (const { about, ...answer } of answers) {
            const subject = bindingSubject(binding, member);
            found.push(
              findingOf(check, audit, {
                ...answer,
                resource: node.resource,
                subject: about === undefined ? subject : [...subject, about],
                ...(answer.status === 'FAIL' ? { binding: bindingEvidence(node, binding, member) } : {}),
              }),
            );
          }
        }
      }
    }
    if (shared !== null) {
      const { first, others } = shared;
      const more = others === 0 ? '' : `; the same holds of ${others} more of its members`;
      const evidence = `${first}${more}`;
      found.push(
        findingOf(check, audit, { status: 'UNKNOWN', resource: node.resource, subject: 'members', evidence }),
      );
    }
    const sentence = found.length > 0 ? null : passes(node);
    return sentence === null ? found : [say('PASS', sentence)];
  });
}

/** Whether a node is above the project: what is fine there is told with the project, in one sentence. */
export function isAbove({ kind }: AccessNode): boolean {
  return kind === 'folder' || kind === 'organization';
}

/** The folders and the organisation above the project; none where they could not be read, see `unseenAbove`. */
export function ancestorsOf({ ancestors }: AccessGraph): readonly AncestorNode[] {
  return ancestors.kind === 'known' ? ancestors.value : [];
}

/** What may be granted above the project, where that could not be read. */
export function unseenAbove(check: Check, audit: AuditCase): readonly Finding[] {
  const { ancestors } = audit.graph;
  if (ancestors.kind === 'known') return [];
  return [
    findingOf(check, audit, {
      status: 'UNKNOWN',
      resource: projectResource(audit.replies.project),
      subject: 'above',
      evidence: `What is granted above the project could not be read: ${ancestors.reason}`,
    }),
  ];
}

/** The registries that could not even be listed. */
export function unlistedAnswers(check: Check, audit: AuditCase): readonly Finding[] {
  return audit.graph.unlisted.map(({ resource, label, reason }) =>
    findingOf(check, audit, {
      status: 'UNKNOWN',
      resource,
      evidence: `${label} could not be listed: ${reason}`,
    }),
  );
}

/** Google names the roles that it made for its own agents this way; custom roles can't have such a name. */
function isAgentRole(role: string): boolean {
  return /^roles\/[A-Za-z.]+\.[A-Za-z]*[sS]erviceAgent$/.test(role);
}

/** Whether a member is one of Google's agents that holds a role which Google made for agents: as it should be. */
export function isAgentAtWork(member: string, role: string): boolean {
  return isServiceAgent(member) && isAgentRole(role);
}
