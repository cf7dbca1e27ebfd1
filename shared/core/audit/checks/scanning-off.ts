import { known } from '../../fact.ts';
import type { RemedyStep } from '../../finding.ts';
import type { RegistryRepository } from '../access.ts';
import type { Check } from '../check.ts';
import { command } from '../command.ts';
import { repliesWith, repositoryLike } from '../example.ts';
import { google } from '../reference.ts';
import {
  answerForRepositories,
  repositoryCommand,
  repositoryLabel,
  repositorySetting,
} from '../repository-answer.ts';
import { terraformName, terraformResource } from '../terraform.ts';

const API = 'containerscanning.googleapis.com';

const scanned = (scanning: RegistryRepository['scanning']) =>
  repliesWith({ locations: known([repositoryLike({ scanning })]) });

/** Images whose known faults nobody is told of. */
export const scanningOff: Check = {
  id: 'scanning-off',
  title: 'Images of the repository are not scanned',
  severity: 'medium',
  rationale:
    'A fault that is found in a library next week is in images of today. Without a scan nobody is told which.',
  decided:
    '`vulnerabilityScanningConfig.enablementState` is `SCANNING_DISABLED`. Nothing is asked where it is `SCANNING_UNSUPPORTED`; a reply that does not say is UNKNOWN. Scanning is billed by image, so that another scanner is a good reason for an exception.',
  references: [
    google(
      'Enable automatic scanning',
      'https://cloud.google.com/artifact-analysis/docs/enable-automatic-scanning',
    ),
    google(
      'gcloud artifacts repositories update',
      'https://cloud.google.com/sdk/gcloud/reference/artifacts/repositories/update',
    ),
  ],
  examples: [
    {
      title: 'The API is not enabled',
      replies: () =>
        scanned({ config: 'INHERITED', state: 'SCANNING_DISABLED', reason: `API ${API} is not enabled.` }),
      answers: ['FAIL medium'],
    },
    {
      title: 'Somebody turned it off for this repository',
      replies: () => scanned({ config: 'DISABLED', state: 'SCANNING_DISABLED', reason: null }),
      answers: ['FAIL medium'],
    },
    {
      title: 'It is on',
      replies: () => scanned({ config: 'INHERITED', state: 'SCANNING_ACTIVE', reason: null }),
      answers: ['PASS'],
    },
    {
      title: 'The reply does not say',
      replies: () => scanned({ config: null, state: null, reason: null }),
      answers: ['UNKNOWN'],
    },
  ],
  run(audit) {
    const { project } = audit.replies;
    return answerForRepositories(scanningOff, audit, (repository) => {
      const { config, state, reason } = repository.scanning;
      const label = repositoryLabel(repository);
      if (state === 'SCANNING_UNSUPPORTED') return null;
      if (state === 'SCANNING_ACTIVE') return { status: 'PASS', evidence: `Images in ${label} are scanned` };
      if (state !== 'SCANNING_DISABLED') {
        return {
          status: 'UNKNOWN',
          evidence: `The scanning of ${label} is in the state ${state ?? '(not said)'}`,
        };
      }
      return {
        status: 'FAIL',
        evidence: `Images in ${label} are not scanned${reason === null ? '' : `: ${reason}`}`,
        risk: 'Nobody is told when a fault becomes known that is in an image you run.',
        remediation: () => [
          ...(config === 'DISABLED' ? [allowScanning(repository, project)] : []),
          enableApi(project),
        ],
      };
    });
  },
};

function allowScanning(repository: RegistryRepository, project: string): RemedyStep {
  return {
    say: 'Let the repository inherit what the project does.',
    gcloud: [repositoryCommand(repository, project, 'update', '--allow-vulnerability-scanning')],
    terraform: repositorySetting(repository, project, 'vulnerability_scanning_config', {
      enablement_config: 'INHERITED',
    }),
  };
}

function enableApi(project: string): RemedyStep {
  return {
    say: 'Enable the API, where it is not enabled yet. Every image that is pushed from then on is billed.',
    gcloud: [command('gcloud', 'services', 'enable', API, `--project=${project}`)],
    terraform: terraformResource(
      'google_project_service',
      terraformName('containerscanning', [project, API]),
      {
        project,
        service: API,
      },
    ),
  };
}
