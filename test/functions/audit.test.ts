import { describe, expect, it, onTestFinished } from 'vitest';
import { auditHandler } from '../../functions/handlers/audit.ts';
import { serveFunction } from '../../local/function-server.ts';
import { acmeEstate, startGoogleApis } from '../../local/google-apis/index.ts';
import { openGoogleAccess } from '../../shared/adapters/google/open-access.ts';
import { policyBucketFiles } from '../../shared/adapters/policies/bucket.ts';
import type { AuditReport } from '../../shared/core/audit/report.ts';
import { formatAuditWork, parseAuditWork } from '../../shared/core/audit-work.ts';
import { sha256 } from '../../shared/core/hash.ts';
import type { Publisher } from '../../shared/ports.ts';
import { openStage } from './stage.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 3);

const EXCEPTIONS = `apiVersion: gcr-warden/v1
exceptions:
  - check: broad-project-grant
    project: acme
    resource: "**"
    owner: platform@example.com
    reason: Until the move is done.
    expires: 2027-01-31
`;

const POLICY = `apiVersion: gcr-warden/v1
policy: services
repositories: "*/acme/**"
delete: [{ old: { olderThan: 7d, notPulledFor: 90d } }]
`;

const REVISION = { 'git-revision': '0123abc' };

/** The report of one request, with policies in a bucket, over HTTP on both sides. */
async function audit(files: Readonly<Record<string, string>>, denied: readonly string[] = []) {
  const apis = await startGoogleApis({
    estate: acmeEstate(NOW_MS),
    now: NOW_MS,
    objects: {
      'acme-policies': Object.fromEntries(
        Object.entries(files).map(([name, content]) => [`set/${name}`, { content, metadata: REVISION }]),
      ),
    },
    denied,
  });
  const google = openGoogleAccess(apis.url);
  const { ledger, logger, logged } = await openStage();
  const reports: AuditReport[] = [];
  const handler = auditHandler(
    logger,
    async () => ({
      projects: ['acme'],
      policyFiles: policyBucketFiles({
        bucket: 'acme-policies',
        prefix: 'set',
        baseUrl: apis.url,
        token: async () => 'test-token',
      }),
      ports: { access: google.access, ledger, clock: () => NOW_MS },
    }),
    (report) => void reports.push(report),
  );
  const server = await serveFunction('audit', handler, 0);
  onTestFinished(async () => {
    await server.close();
    await google.close();
    await apis.close();
  });
  const response = await fetch(server.url, { method: 'POST' });
  const [report] = reports;
  if (report === undefined) throw new Error(await response.text());
  const of = (check: string): string[] =>
    report.findings.filter((one) => one.check === check).map(({ status }) => status);
  return { report, of, logged: logged.join('\n'), status: response.status };
}

describe('the deployed audit', () => {
  it('goes by the exceptions and policies of the bucket, and says by which', async () => {
    const { report, of, logged } = await audit({ '_exceptions.yaml': EXCEPTIONS, 'services.yaml': POLICY });
    expect(new Set(of('broad-project-grant'))).toEqual(new Set(['EXCEPTED']));
    expect(of('exception-unused')).toEqual(['PASS']);
    expect(of('pulls-not-logged')).toEqual(['FAIL']);
    expect(of('cleanup-missing')).not.toContain('UNKNOWN');
    expect(report.policyFiles).toEqual([
      {
        file: '_exceptions.yaml',
        contentHash: sha256(EXCEPTIONS),
        gitRevision: { kind: 'known', value: '0123abc' },
      },
      {
        file: 'services.yaml',
        contentHash: sha256(POLICY),
        gitRevision: { kind: 'known', value: '0123abc' },
      },
    ]);
    const excepted = report.findings.find(({ status }) => status === 'EXCEPTED');
    expect(excepted?.exception).toMatchObject({
      place: '_exceptions.yaml:3',
      contentHash: sha256(EXCEPTIONS),
    });
    expect(logged).toContain(sha256(EXCEPTIONS));
  });

  it('tells of a broken file of exceptions, which excepts nothing', async () => {
    const { of, logged } = await audit({ '_exceptions.yaml': `${EXCEPTIONS}  - check: none\n` });
    expect(of('broad-project-grant')).not.toContain('EXCEPTED');
    expect(of('exception-broken')).toEqual(['FAIL']);
    expect(logged).toContain('exceptions are broken and except nothing');
  });

  it("audits all the same where the bucket can't be read", async () => {
    const { status, of } = await audit({}, ['acme-policies']);
    expect(status).toBe(200);
    expect(of('exception-broken')).toEqual(['UNKNOWN']);
    expect(of('pulls-not-logged')).toEqual(['UNKNOWN']);
    expect(of('broad-project-grant')).toContain('FAIL');
  });
});

describe('the deployed audit of several projects', () => {
  const topics = {
    topic: 'projects/acme/topics/work',
    deadLetterTopic: 'projects/acme/topics/work-dead-letter',
  };

  interface Sent {
    readonly topic: string;
    readonly data: string;
    readonly attributes: Readonly<Record<string, string>>;
  }

  /** The function over Google's stand-ins, with what it publishes. */
  async function serve(refuses = false) {
    const apis = await startGoogleApis({ estate: acmeEstate(NOW_MS), now: NOW_MS });
    const google = openGoogleAccess(apis.url);
    const { ledger, logger, logged } = await openStage();
    const sent: Sent[] = [];
    const publisher: Publisher = {
      async publish(topic, data, attributes = {}) {
        if (refuses) throw new Error('nothing is taken');
        sent.push({ topic, data, attributes });
      },
    };
    const reports: string[] = [];
    const handler = auditHandler(
      logger,
      async () => ({
        projects: ['acme', 'acme-apps'],
        policyFiles: { read: async () => ({ files: [], unread: [] }) },
        ports: { access: google.access, ledger, clock: () => NOW_MS },
        work: { ...topics, publisher },
      }),
      ({ project }) => void reports.push(project),
    );
    const server = await serveFunction('audit', handler, 0);
    onTestFinished(async () => {
      await server.close();
      await google.close();
      await apis.close();
    });
    const post = (body: unknown): Promise<Response> =>
      fetch(server.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const deliver = (data: string): Promise<Response> =>
      post({
        message: {
          data: Buffer.from(data).toString('base64'),
          messageId: '1',
          publishTime: new Date(NOW_MS).toISOString(),
        },
        subscription: 'projects/acme/subscriptions/gcr-warden-audits',
      });
    return { post, deliver, sent, reports, ledger, logged };
  }

  it('hands each over at its schedule, in a message that only the audit gets, and audits none itself', async () => {
    const { post, sent, reports } = await serve();
    const response = await post({});
    expect(await response.json()).toEqual({ published: 2 });
    expect(
      sent.map(({ topic, data, attributes }) => [topic, parseAuditWork(data).project, attributes['audit']]),
    ).toEqual([
      [topics.topic, 'acme', 'acme'],
      [topics.topic, 'acme-apps', 'acme-apps'],
    ]);
    expect(sent[0]?.attributes['traceparent']).toBeDefined();
    expect(reports).toEqual([]);
  });

  it('audits the one of a message, and may do it twice and both at once', async () => {
    const { deliver, sent, reports, ledger } = await serve();
    const answers = await Promise.all(
      ['acme', 'acme-apps', 'acme'].map((project) => deliver(formatAuditWork(project).data)),
    );
    expect(answers.map(({ status }) => status)).toEqual([204, 204, 204]);
    expect(reports.sort()).toEqual(['acme', 'acme', 'acme-apps']);
    expect(await ledger.auditedProjects()).toEqual(['acme', 'acme-apps']);
    expect(sent).toEqual([]);
  });

  it.each([
    ['is no work', '{"version":1}', 'WORK_INVALID'],
    ['is work on a repository', '{"version":1,"repository":"gcr.io/acme/api"}', 'WORK_INVALID'],
    ['is work of a later version', '{"version":2,"project":"acme"}', 'WORK_INVALID'],
    ['names a project that nobody named', '{"version":1,"project":"other"}', 'WORK_OUTSIDE_TARGETS'],
  ])(
    'sends a message that %s to the dead letters, with its reason, and audits nothing',
    async (_what, data, code) => {
      const { deliver, sent, reports } = await serve();
      expect((await deliver(data)).status).toBe(204);
      expect(sent.map(({ topic, data: given, attributes }) => [topic, given, attributes['code']])).toEqual([
        [topics.deadLetterTopic, data, code],
      ]);
      expect(reports).toEqual([]);
    },
  );

  it('asks again where a project can not be handed over, or a dead letter not be put away', async () => {
    const { post, deliver } = await serve(true);
    expect((await post({})).status).toBe(500);
    expect((await deliver('{')).status).toBe(500);
  });
});
