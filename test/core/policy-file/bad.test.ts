import { describe, expect, it } from 'vitest';
import { known } from '../../../shared/core/fact.ts';
import { parsePolicyFile } from '../../../shared/core/policy-file/parse.ts';
import { POLICY_PROBLEM_CODES } from '../../../shared/core/policy-file/problem.ts';
import { BAD_FILES } from './bad-files.ts';

describe('a policy file that is wrong', () => {
  it.each(BAD_FILES)('%s', (_title, text, expected, says) => {
    const set = parsePolicyFile({ file: 'a.yaml', text, gitRevision: known('0123456') });
    expect(set.problems.map(({ code, line, column }) => `${code} ${line}:${column}`)).toEqual(expected);
    expect(set.policies).toEqual([]);
    expect(set.problems.map(({ message }) => message).join('\n')).toContain(says);
  });

  it('has a documented code for every problem, and a case here for every code of the language', () => {
    const told = new Set(
      BAD_FILES.flatMap(([, , problems]) => problems.map((one) => one.split(' ')[0] ?? '')),
    );
    const elsewhere = ['POLICY_FILE', 'POLICY_NOT_UTF8', 'POLICY_DUPLICATE_NAME', 'POLICY_DEFAULTS'];
    expect([...told, ...elsewhere].sort()).toEqual(Object.keys(POLICY_PROBLEM_CODES).sort());
  });
});
