/** More policy files than this in one place are no policies. */
export const FILES_MAX = 2000;

/** Whether a name is that of a policy file: `*.yaml` or `*.yml`, and not a policy test. */
export function isPolicyFileName(name: string): boolean {
  return /\.ya?ml$/.test(name) && !/\.test\.ya?ml$/.test(name);
}

/** Whether a name is that of a file of policy tests: `*.test.yaml` or `*.test.yml`. */
export function isPolicyTestFileName(name: string): boolean {
  return /\.test\.ya?ml$/.test(name);
}
