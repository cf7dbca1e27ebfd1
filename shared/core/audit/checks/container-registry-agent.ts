import { known } from '../../fact.ts';
import { addMember, removeMember, underCondition } from '../binding.ts';
import type { Check } from '../check.ts';
import { bind, repliesWith } from '../example.ts';
import { isContainerRegistryAgent } from '../member.ts';
import { answerForMembers } from '../member-answer.ts';
import { google } from '../reference.ts';

const AGENT = 'serviceAccount:service-123456789012@containerregistry.iam.gserviceaccount.com';
const OWN_ROLE = 'roles/containerregistry.ServiceAgent';

const bound = (...bindings: ReturnType<typeof bind>[]) => repliesWith({ projectPolicy: known({ bindings }) });

/** The old registry's agent, which had basic Editor before it had a role of its own. */
export const containerRegistryAgent: Check = {
  id: 'container-registry-agent',
  title: "Container Registry's service agent has a basic role",
  severity: 'medium',
  rationale:
    'Until 2020 Google gave its Container Registry agent basic Editor in every project that enabled the API. It needs to read the registry and has almost everything.',
  decided:
    "A binding on the project gives `service-N@containerregistry.iam.gserviceaccount.com` basic Editor or Owner. With its own role it is as it should be, and where it is absent nothing misses it. The remedy is Google's documented swap, its own role first; that the agent loses its own role is never proposed.",
  references: [
    google(
      'Container Registry service account',
      'https://cloud.google.com/container-registry/docs/overview#container_registry_service_account',
    ),
  ],
  examples: [
    {
      title: 'The agent with basic Editor',
      replies: () => bound(bind('roles/editor', AGENT)),
      answers: ['FAIL medium'],
    },
    { title: 'The agent with its own role', replies: () => bound(bind(OWN_ROLE, AGENT)), answers: ['PASS'] },
    { title: 'No such agent', replies: () => bound(), answers: ['PASS'] },
  ],
  run(audit) {
    const { project } = audit.replies;
    return answerForMembers(containerRegistryAgent, audit, {
      nodes: [audit.graph.project],
      concerns: (member, _node, role) =>
        isContainerRegistryAgent(member) && (role === 'roles/editor' || role === 'roles/owner'),
      judge: ({ node, binding, member }) => {
        const added = addMember(node, { role: OWN_ROLE, condition: known(null) }, member, project);
        return [
          {
            status: 'FAIL',
            evidence: `${member} has ${binding.role} on ${node.label}${underCondition(binding)}`,
            risk: 'A fault in a service that needs to read images can change almost everything in the project.',
            remediation: () => [
              { ...added, say: `Google's documented swap, its own role first. ${added.say}` },
              removeMember(node, binding, member, project),
            ],
          },
        ];
      },
      passes: (node) => `Container Registry's service agent has no basic role on ${node.label}`,
    });
  },
};
