/** Where policies are reviewed. */
export const PIPELINES = ['github', 'gitlab', 'none'] as const;

export type Pipeline = (typeof PIPELINES)[number];

/** A file that is proposed: its path from the root of the repository, and its text. */
export interface ProposedFile {
  readonly path: string;
  readonly text: string;
}

/**
 * The job that checks and tests policies on a pull request; null for none. `docs/ci.md` has it with a comment of
 * what changes hands, which needs an inventory.
 * @param version of gcr-warden, pinned: a newer one may judge by more
 */
export function pipelineFile(pipeline: Pipeline, version: string): ProposedFile | null {
  const warden = `npx --yes gcr-warden@${version}`;
  switch (pipeline) {
    case 'github':
      return {
        path: '.github/workflows/policies.yml',
        text: `name: policies
on:
  pull_request:
    paths: ["policies/**"]
permissions:
  contents: read
jobs:
  policies:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          persist-credentials: false
      - uses: actions/setup-node@v4
        with:
          node-version: 24
      - run: ${warden} policy check policies --format github
      - run: ${warden} policy test policies
`,
      };
    case 'gitlab':
      return {
        path: '.gitlab-ci.yml',
        text: `policies:
  image: node:24
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
      changes: ["policies/**/*"]
  script:
    - ${warden} policy check policies
    - ${warden} policy test policies --format junit > policies.xml
  artifacts:
    when: always
    reports:
      junit: policies.xml
`,
      };
    case 'none':
      return null;
  }
}
