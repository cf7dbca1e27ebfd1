import type { IamPolicy } from '../core/audit/access.ts';
import {
  auditsByWork,
  type Deployment,
  deadLetterTopics,
  eventSubscription,
  expectedJobs,
  registryProjects,
} from '../core/doctor/deployment.ts';
import type {
  DeadLetterSeen,
  DeployedFunction,
  LedgerSeen,
  PermissionSeen,
  RegistryProjectSeen,
  SubscriptionSeen,
} from '../core/doctor/observation.ts';
import { permissionQuestions, QUESTIONS_MAX } from '../core/doctor/permission.ts';
import { type DoctorReport, doctorReport } from '../core/doctor/report.ts';
import { messageOf } from '../core/error.ts';
import { type Fact, known, unknown } from '../core/fact.ts';
import type { PolicySet } from '../core/policy.ts';
import { parseTarget, type Target } from '../core/reference.ts';
import type { DeploymentReader, GoogleAccess } from '../ports.ts';

export interface ExaminePorts {
  readonly deployment: DeploymentReader;
  readonly access: Pick<GoogleAccess, 'identity' | 'projectPolicy' | 'topicPolicy'>;
  /** What is stored where a ledger should be; null where nothing is. Writes nothing. */
  readonly ledgerSeen: (name: string) => Promise<Fact<LedgerSeen | null>>;
  /** The policies of a folder or `gs://BUCKET/PREFIX`. May throw. */
  readonly readPolicies: (place: string) => Promise<PolicySet>;
}

/** What is examined. What is null here is taken from the environment of the deployed functions. */
export interface ExamineRequest {
  readonly project: string;
  readonly region: string;
  /** The Terraform module's `name`. */
  readonly name: string;
  readonly targets: readonly Target[] | null;
  readonly ledger: string | null;
  readonly policies: string | null;
}

/** Looks at everything that a deployment needs, as much as possible at the same time, and says what is missing. */
export async function examineDeployment(ports: ExaminePorts, request: ExamineRequest): Promise<DoctorReport> {
  const { project, region } = request;
  const functions = await ports.deployment.functions(project, region);
  const deployment = deploymentOf(request, functions);
  const { name } = deployment;
  const policiesRead = readPolicies(ports, deployment);
  const [clock, identity, apis, jobs, registries, deadLetters, work, audits, ledger, policies] =
    await Promise.all([
      ports.deployment.serverClock(),
      ports.access.identity(project),
      ports.deployment.enabledApis(project),
      Promise.all(
        expectedJobs(deployment).map(
          async (each) =>
            [each, await ports.deployment.schedulerJob(project, region, `${name}-${each}`)] as const,
        ),
      ),
      Promise.all(registryProjects(deployment).map((each) => readRegistryProject(ports, deployment, each))),
      readDeadLetters(ports, deployment),
      readSubscription(ports, project, `${name}-work`),
      auditsByWork(deployment) ? readSubscription(ports, project, `${name}-audits`) : null,
      ports.ledgerSeen(deployment.ledger),
      policiesRead,
    ]);
  const isDeployed = functions.kind === 'unknown' || ownFunctions(request, functions.value).length > 0;
  const questions = permissionQuestions(
    deployment,
    policies.kind === 'known' ? policies.value : null,
    isDeployed,
  );
  const permissions = await Promise.all(
    questions.slice(0, QUESTIONS_MAX).map(async (question): Promise<PermissionSeen> => {
      const { place, permissions: asked, account } = question;
      return { question, granted: await ports.deployment.grantedPermissions(place, asked, account) };
    }),
  );
  return doctorReport({
    deployment,
    clock,
    projectNumber: identity.kind === 'known' ? known(identity.value.number) : identity,
    apis,
    functions,
    jobs: Object.fromEntries(jobs),
    registries,
    work,
    audits,
    deadLetters,
    ledger,
    policies,
    permissions,
    unasked: Math.max(0, questions.length - QUESTIONS_MAX),
  });
}

async function readSubscription(
  { deployment }: ExaminePorts,
  project: string,
  name: string,
): Promise<SubscriptionSeen> {
  const [subscription, policy] = await Promise.all([
    deployment.subscription(project, name),
    deployment.subscriptionPolicy(project, name),
  ]);
  return { subscription, policy };
}

async function readRegistryProject(
  { access, deployment }: ExaminePorts,
  examined: Deployment,
  project: string,
): Promise<RegistryProjectSeen> {
  const name = eventSubscription(examined, project);
  const [identity, topic, policy, subscription, subscriptionPolicy] = await Promise.all([
    access.identity(project),
    access.topicPolicy(project, 'gcr'),
    access.projectPolicy(project),
    deployment.subscription(examined.project, name),
    deployment.subscriptionPolicy(examined.project, name),
  ]);
  const number = identity.kind === 'known' ? known(identity.value.number) : identity;
  return { project, number, topic, subscription, subscriptionPolicy, policy };
}

function readDeadLetters(
  { access, deployment }: ExaminePorts,
  examined: Deployment,
): Promise<readonly DeadLetterSeen[]> {
  const { project, name } = examined;
  return Promise.all(
    deadLetterTopics(examined).map(async (topic): Promise<DeadLetterSeen> => {
      const [policy, subscription]: [Fact<IamPolicy | null>, DeadLetterSeen['subscription']] =
        await Promise.all([
          access.topicPolicy(project, topic),
          deployment.subscription(project, `${name}-${topic}`),
        ]);
      return { topic, policy, subscription };
    }),
  );
}

async function readPolicies(
  { readPolicies: read }: ExaminePorts,
  { policies }: Deployment,
): Promise<Fact<PolicySet>> {
  if (policies.kind === 'unknown') return policies;
  try {
    return known(await read(policies.value));
  } catch (problem) {
    return unknown(messageOf(problem));
  }
}

function ownFunctions(
  { name }: ExamineRequest,
  functions: readonly DeployedFunction[],
): readonly DeployedFunction[] {
  return functions.filter((each) => each.name.startsWith(`${name}-`));
}

/** What is examined: by the request, else by what the deployed functions were told. */
function deploymentOf(request: ExamineRequest, functions: Fact<readonly DeployedFunction[]>): Deployment {
  const { project, region, name } = request;
  /** What all functions that have a setting were told; a function alone has it for some. */
  const told = (setting: string, option: string | null): Fact<string> => {
    const how = option === null ? '' : ` Name it with ${option}.`;
    if (functions.kind === 'unknown')
      return unknown(`the functions could not be read: ${functions.reason}.${how}`);
    for (const { environment } of ownFunctions(request, functions.value)) {
      if (Object.hasOwn(environment, setting)) return known(environment[setting] ?? '');
    }
    return unknown(`No deployed function says ${setting}.${how}`);
  };
  const listOf = (text: Fact<string>): Fact<readonly string[]> =>
    text.kind === 'known'
      ? known(
          text.value
            .split(',')
            .map((each) => each.trim())
            .filter(Boolean),
        )
      : text;
  const targets = listOf(told('GCR_WARDEN_TARGETS', '--target'));
  const ledger = told('GCR_WARDEN_LEDGER', '--ledger');
  return {
    project,
    region,
    name,
    targets:
      request.targets !== null
        ? known(request.targets)
        : targets.kind === 'known'
          ? parseTargets(targets.value)
          : targets,
    auditProjects: listOf(told('GCR_WARDEN_AUDIT_PROJECTS', null)),
    ledger: request.ledger ?? (ledger.kind === 'known' ? ledger.value : `firestore:${project}/${name}`),
    policies: request.policies === null ? told('GCR_WARDEN_POLICIES', '--policies') : known(request.policies),
    auditLogSubscriptions: listOf(told('GCR_WARDEN_AUDIT_LOG_SUBSCRIPTIONS', null)),
  };
}

function parseTargets(texts: readonly string[]): Fact<readonly Target[]> {
  try {
    return known(texts.map(parseTarget));
  } catch (problem) {
    return unknown(`The functions were told a target that is none: ${messageOf(problem)}`);
  }
}
