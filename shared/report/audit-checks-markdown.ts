import type { Check } from '../core/audit/check.ts';
import { referenceText } from '../core/audit/reference.ts';

const HEAD = `# Audit checks

<!-- Written by \`node tools/audit-checks.ts\` from the checks themselves; a test holds it to them. -->

Every check answers PASS, FAIL or UNKNOWN for each resource it asks about. Whatever could not be read is UNKNOWN with the reason, and never PASS. Permissions decide, not the names of roles. A FAIL that somebody answers for is EXCEPTED until a day: [exceptions](audit-exceptions.md).

The severity is that of a FAIL at its worst; "How it is decided" says where it is milder. The examples are the tests of the check.
`;

const FOOT = `## Remedies

- Each finding ends with steps in the order that loses nobody's access: create the replacement, move the users, disable, wait, delete. A step has the commands of \`gcloud\` and the same as Terraform; whoever has the resource in Terraform uses that.
- Commands name one member of one binding, with its condition (\`--condition=None\` where it has none). Whole policies are never written.
- A step without a command is for the reader: something to find out, to move, or a place where any command would be dangerous.
- While Artifact Registry copies images out of a bucket, or nobody can say whether it does, no command touches that bucket.
- Roles of Google's service agents are never simply taken away. The old Container Registry agent with basic Editor gets its own role first.
`;

/** Renders `docs/audit-checks.md`: what each check asks, why, how it decides, and cases with their answers. */
export function renderAuditChecks(checks: readonly Check[]): string {
  const contents = checks.map(
    ({ id, title, severity }) => `| [\`${id}\`](#${id}) | ${severity} | ${title} |`,
  );
  return [
    HEAD,
    ['| Check | Severity | What is wrong |', '|---|---|---|', ...contents].join('\n'),
    '',
    ...checks.map(checkText),
    FOOT,
  ].join('\n');
}

function checkText({ id, title, severity, rationale, decided, references, examples }: Check): string {
  const cases = examples.map(
    (example) =>
      `| ${example.title} | ${example.answers.length === 0 ? 'nothing is asked' : [...new Set(example.answers)].join(', ')} |`,
  );
  const links = references.map((reference) =>
    reference.kind === 'cis'
      ? `- ${referenceText(reference)}`
      : `- [${referenceText(reference)}](${reference.url})`,
  );
  return `## ${id}

${title}. Severity: ${severity}.

${rationale}

**How it is decided.** ${decided}

| Case | Answer |
|---|---|
${cases.join('\n')}

${links.join('\n')}
`;
}
