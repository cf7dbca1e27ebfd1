import { known } from '../../fact.ts';
import { abilitiesOn } from '../ability.ts';
import { addMember, removeMember, underCondition } from '../binding.ts';
import type { Check } from '../check.ts';
import { bind, repliesWith, repositoryWith } from '../example.ts';
import { isDeleted, isPerson, isPublic } from '../member.ts';
import { answerForMembers, isAgentAtWork, unlistedAnswers } from '../member-answer.ts';
import { google } from '../reference.ts';
import { whoseIs } from '../whose.ts';

const CI = 'serviceAccount:ci@acme.iam.gserviceaccount.com';
const WRITER = 'roles/artifactregistry.writer';

const repositoryFor = (role: string, member: string) =>
  repliesWith({ locations: known([repositoryWith(bind(role, member))]) });

/** Somebody who pushes to a repository and could delete from it as well. */
export const pusherDeletes: Check = {
  id: 'pusher-deletes',
  title: 'Whoever pushes to the repository can delete from it too',
  severity: 'medium',
  rationale:
    "A build needs to push. With the right to delete, whoever takes the build over can also remove what runs and what one would roll back to. Google's migration tool gives `repoAdmin` to everybody who could push to the old registry.",
  decided:
    'A binding on a repository of Artifact Registry whose role holds a permission to push and one to delete. Medium for accounts that programs use, low for people and for deleted accounts. On buckets there is nothing to part: a push to gcr.io needs the right to delete objects. A role on the project belongs to broad-project-grant, and everybody at once to public-access.',
  references: [
    google('Artifact Registry roles', 'https://cloud.google.com/artifact-registry/docs/access-control#roles'),
  ],
  examples: [
    {
      title: 'A build that got `repoAdmin`',
      replies: () => repositoryFor('roles/artifactregistry.repoAdmin', CI),
      answers: ['FAIL medium'],
    },
    {
      title: 'A person who got `repoAdmin`',
      replies: () => repositoryFor('roles/artifactregistry.repoAdmin', 'user:ada@example.com'),
      answers: ['FAIL low'],
    },
    {
      title: 'A build that pushes',
      replies: () => repositoryFor(WRITER, CI),
      answers: ['PASS'],
    },
  ],
  run(audit) {
    const { project } = audit.replies;
    return [
      ...unlistedAnswers(pusherDeletes, audit),
      ...answerForMembers(pusherDeletes, audit, {
        nodes: audit.graph.registries.filter(({ kind }) => kind === 'repository'),
        allows: (permissions) => {
          const abilities = abilitiesOn(['repository'], permissions);
          return abilities.includes('push') && abilities.includes('delete');
        },
        concerns: (member, _node, role) => !isPublic(member) && !isAgentAtWork(member, role),
        judge: ({ node, binding, member, permissions }) => {
          const abilities = abilitiesOn(['repository'], permissions);
          // Who has no business here loses all of it; everybody else keeps the push.
          const keepsPush = !isDeleted(member) && whoseIs(member, audit).kind !== 'outside';
          return [
            {
              status: 'FAIL',
              severity: isPerson(member) || isDeleted(member) ? 'low' : 'medium',
              evidence: `${member} has ${binding.role} on ${node.label}${underCondition(binding)}: can ${abilities.join(', ')}`,
              risk: 'Whoever gets hold of this account can remove what runs and what one would roll back to.',
              remediation: () => [
                ...(keepsPush ? [addMember(node, { ...binding, role: WRITER }, member, project)] : []),
                removeMember(node, binding, member, project),
              ],
            },
          ];
        },
        passes: (node) => `Nobody who pushes to ${node.label} by its own policy can delete from it`,
      }),
    ];
  },
};
