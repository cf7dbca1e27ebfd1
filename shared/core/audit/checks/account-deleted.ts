import { known, unknown } from '../../fact.ts';
import type { Finding } from '../../finding.ts';
import { allNodes } from '../account-binding.ts';
import { bindingEvidence, bindingSubject, removeMember, underCondition } from '../binding.ts';
import { type AuditCase, type Check, findingOf } from '../check.ts';
import { bind, repliesWith } from '../example.ts';
import {
  type AccessNode,
  accountResource,
  ancestorResource,
  bindingOf,
  type GraphBinding,
  topicResource,
} from '../graph.ts';
import { isDeleted } from '../member.ts';
import { bucketUse } from '../redirection.ts';
import { google } from '../reference.ts';
import { noStep } from '../remedy-step.ts';

const GONE = 'deleted:serviceAccount:ci@acme.iam.gserviceaccount.com?uid=1001';

/** A role of somebody who does not exist any more. */
export const accountDeleted: Check = {
  id: 'account-deleted',
  title: 'A deleted account is still bound',
  severity: 'low',
  rationale:
    'A binding stays when its account is deleted. Whoever undeletes the account within 30 days has the access back, and until somebody cleans up nobody can tell the living from the dead in the policy.',
  decided:
    'A member `deleted:…?uid=…` in a policy of the project, above it, on a registry, on an account or on the topic `gcr`: accounts, people and groups. Every policy is asked about by itself.',
  references: [
    google(
      'Policies with deleted principals',
      'https://cloud.google.com/iam/docs/policies#handle-deleted-members',
    ),
  ],
  examples: [
    {
      title: 'A deleted account with a role on the project',
      replies: () =>
        repliesWith({ projectPolicy: known({ bindings: [bind('roles/artifactregistry.reader', GONE)] }) }),
      answers: ['FAIL low'],
    },
    {
      title: 'A deleted account with a role on a folder above the project',
      replies: () =>
        repliesWith({
          projectPolicy: known({ bindings: [bind('roles/viewer', 'user:ada@example.com')] }),
          ancestors: known([
            { name: 'folders/301', policy: known({ bindings: [bind('roles/viewer', GONE)] }) },
          ]),
        }),
      answers: ['FAIL low', 'PASS'],
    },
    {
      title: 'A policy without deleted accounts',
      replies: () =>
        repliesWith({ projectPolicy: known({ bindings: [bind('roles/viewer', 'user:ada@example.com')] }) }),
      answers: ['PASS'],
    },
    {
      title: 'A policy that could not be read',
      replies: () => repliesWith({ projectPolicy: unknown('403') }),
      answers: ['UNKNOWN'],
    },
  ],
  run(audit) {
    const { graph, replies } = audit;
    const unlisted = [
      ...graph.unlisted,
      ...(graph.ancestors.kind === 'unknown'
        ? [
            {
              resource: ancestorResource(`above/${replies.project}`),
              label: 'what is above the project',
              reason: graph.ancestors.reason,
            },
          ]
        : []),
      ...(graph.accounts.kind === 'unknown'
        ? [
            {
              resource: accountResource(replies.project, '-'),
              label: 'the service accounts',
              reason: graph.accounts.reason,
            },
          ]
        : []),
      ...(graph.topic.kind === 'unknown'
        ? [
            {
              resource: topicResource(replies.project, 'gcr'),
              label: 'topic gcr',
              reason: graph.topic.reason,
            },
          ]
        : []),
    ];
    return [
      ...allNodes(graph).flatMap((node) => answersFor(node, audit)),
      ...unlisted.map(({ resource, label, reason }) =>
        findingOf(accountDeleted, audit, {
          status: 'UNKNOWN',
          resource,
          evidence: `The policies of ${label} could not be read: ${reason}`,
        }),
      ),
    ];
  },
};

function answersFor(node: AccessNode, audit: AuditCase): readonly Finding[] {
  const { resource, label, bindings } = node;
  if (bindings.kind === 'unknown') {
    const evidence = `The policy of ${label} could not be read: ${bindings.reason}`;
    return [findingOf(accountDeleted, audit, { status: 'UNKNOWN', resource, evidence })];
  }
  if (bindings.value.length === 0) return [];
  const found = bindings.value
    .filter(({ kinds }) => kinds.hasDeleted)
    .flatMap((role) =>
      role.written.flatMap((written) =>
        written.members
          .filter(isDeleted)
          .map((member) => failure(node, bindingOf(role, written), member, audit)),
      ),
    );
  return found.length > 0
    ? found
    : [
        findingOf(accountDeleted, audit, {
          status: 'PASS',
          resource,
          evidence: `No deleted account is bound on ${label}`,
        }),
      ];
}

function failure(node: AccessNode, binding: GraphBinding, member: string, audit: AuditCase): Finding {
  const { replies } = audit;
  const use = bucketUse(replies.redirection);
  return findingOf(accountDeleted, audit, {
    status: 'FAIL',
    resource: node.resource,
    subject: bindingSubject(binding, member),
    evidence: `${member} has ${binding.role} on ${node.label}${underCondition(binding)}`,
    binding: bindingEvidence(node, binding, member),
    risk: 'Undeleting the account brings the access back, to whoever does it.',
    remediation: () =>
      node.kind === 'bucket' && use.kind === 'untouchable'
        ? [noStep(use.why)]
        : [removeMember(node, binding, member, replies.project)],
  });
}
