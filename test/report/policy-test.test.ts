import { describe, expect, it } from 'vitest';
import type { PolicyTestReport } from '../../shared/core/policy-test/report.ts';
import { renderPolicyTestsJunit } from '../../shared/report/policy-test-junit.ts';
import { renderPolicyTests } from '../../shared/report/policy-test-text.ts';
import { READER } from '../support/reader-clock.ts';

const item = { policy: 'p', file: 'p.yaml', line: 6, effect: 'delete', rule: 'old' } as const;

/** A report with something of every kind, and with texts that no output may let through as they are. */
const REPORT: PolicyTestReport = {
  version: 1,
  results: [
    {
      name: 'one <image> & "more"',
      place: { file: 'a.test.yaml', line: 1, column: 1 },
      repository: 'gcr.io/acme/api',
      imageCount: 1,
      mismatches: [],
    },
    {
      name: 'old go\u001b[2J',
      place: { file: 'a.test.yaml', line: 12, column: 1 },
      repository: 'gcr.io/acme/api',
      imageCount: 2,
      mismatches: [
        {
          place: { file: 'a.test.yaml', line: 20, column: 3 },
          image: 'pr',
          expected: 'deleted by rule old',
          decided: 'kept: rule new of policy p (p.yaml:5): uploaded 3 d ago (rule wants less than 14 d)',
        },
        {
          place: { file: 'a.test.yaml', line: 12, column: 1 },
          image: '',
          expected: 'a policy to test',
          decided: 'no policy selects <it>',
        },
      ],
    },
  ],
  problems: [
    { code: 'POLICY_YAML', file: 'b.test.yaml', line: 3, column: 7, message: 'This is not YAML: "<".' },
  ],
  coverage: [
    { ...item, condition: null, isCovered: true },
    { ...item, condition: 'olderThan', isCovered: false },
    { ...item, rule: 'new', effect: 'keep', line: 5, condition: null, isCovered: false },
  ],
};

describe('what policy tests gave', () => {
  it('reads as text', () => {
    expect(renderPolicyTests(REPORT, { widthColumns: 80, colour: false, clock: READER })).toBe(`\
b.test.yaml:3:7: POLICY_YAML: This is not YAML: "<".
pass  a.test.yaml:1  one <image> & "more" (1 image)
FAIL  a.test.yaml:12  old go\\u001b[2J (2 images)
      pr (line 20)
        expected  deleted by rule old
        decided   kept: rule new of policy p (p.yaml:5): uploaded 3 d ago (rule
                  wants less than 14 d)
      line 12
        expected  a policy to test
        decided   no policy selects <it>

Coverage: 1 of 2 rules decided an image, and 0 of 1 conditions made a difference.
  p.yaml:6: no test turns on olderThan of rule old of policy p
  p.yaml:5: no test is decided by keep rule new of policy p
1 passed, 1 failed, 1 problem.
`);
  });

  it('reads as JUnit XML', () => {
    expect(renderPolicyTestsJunit(REPORT)).toBe(`\
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="gcr-warden policy test" tests="3" failures="1" errors="1">
  <testsuite name="a.test.yaml" tests="2" failures="1" errors="0">
    <testcase classname="a.test.yaml" name="one &lt;image&gt; &amp; &quot;more&quot;" file="a.test.yaml" line="1"/>
    <testcase classname="a.test.yaml" name="old go\\u001b[2J" file="a.test.yaml" line="12">
      <failure message="2 expectations are not met">a.test.yaml:20: pr
  expected: deleted by rule old
  decided: kept: rule new of policy p (p.yaml:5): uploaded 3 d ago (rule wants less than 14 d)
a.test.yaml:12:
  expected: a policy to test
  decided: no policy selects &lt;it&gt;</failure>
    </testcase>
  </testsuite>
  <testsuite name="b.test.yaml" tests="1" failures="0" errors="1">
    <testcase classname="b.test.yaml" name="POLICY_YAML 3:7" file="b.test.yaml" line="3">
      <error type="POLICY_YAML" message="This is not YAML: &quot;&lt;&quot;."/>
    </testcase>
  </testsuite>
</testsuites>
`);
  });

  it('says that there is nothing to run', () => {
    const empty: PolicyTestReport = { version: 1, results: [], problems: [], coverage: [] };
    expect(renderPolicyTests(empty, { widthColumns: 80, colour: false, clock: READER })).toContain(
      'There are no tests: ',
    );
  });
});
