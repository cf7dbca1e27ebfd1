import type { Reporter, TestCase, TestModule, TestSuite, Vitest } from 'vitest/node';

/** How many lines of what was not run are printed before the rest is only counted. */
const NOT_RUN_LINES_MAX = 60;

/** What the last line says. */
export interface Summary {
  readonly passed: number;
  /**
   * Failed tests, and besides them each file or suite that broke outside a test (an import, a hook), each
   * error that nobody caught, and each test that began and has no result.
   */
  readonly failed: number;
  readonly skipped: number;
  /** What was skipped, by its outermost title, with the reason where one was given. */
  readonly notRun: readonly string[];
}

function isSkipped(suite: TestSuite): boolean {
  return suite.options.mode === 'skip' || suite.options.mode === 'todo';
}

function isWithinSkipped(child: TestSuite | TestCase): boolean {
  return child.parent.type === 'suite' && (isSkipped(child.parent) || isWithinSkipped(child.parent));
}

/** Counts a run. Nothing that was not seen to pass counts as passed. */
export function summaryOf(modules: readonly TestModule[], unhandledErrors: number): Summary {
  let passed = 0;
  let failed = unhandledErrors;
  let skipped = 0;
  const notRun: string[] = [];
  for (const module of modules) {
    if (module.errors().length > 0) failed += 1;
    for (const suite of module.children.allSuites()) {
      if (suite.errors().length > 0) failed += 1;
      if (isSkipped(suite) && !isWithinSkipped(suite)) {
        notRun.push(`${module.relativeModuleId}: ${suite.fullName}`);
      }
    }
    for (const test of module.children.allTests()) {
      const result = test.result();
      if (result.state === 'passed') passed += 1;
      else if (result.state === 'skipped') {
        skipped += 1;
        if (isWithinSkipped(test)) continue;
        const note = result.note === undefined ? '' : ` (${result.note})`;
        notRun.push(`${module.relativeModuleId}: ${test.fullName}${note}`);
      } else failed += 1;
    }
  }
  return { passed, failed, skipped, notRun };
}

/** Prints a summary; its last line is `N passed, N failed, N skipped` and nothing else. */
export function formatSummary(summary: Summary): string {
  const shown = summary.notRun.slice(0, NOT_RUN_LINES_MAX).map((title) => `  ${title}\n`);
  const more = summary.notRun.length - shown.length;
  if (more > 0) shown.push(`  … and ${more} more\n`);
  const notRun = shown.length === 0 ? '' : `Not run:\n${shown.join('')}\n`;
  return `${notRun}${summary.passed} passed, ${summary.failed} failed, ${summary.skipped} skipped\n`;
}

/** Says at the end of a run what was not run, and counts. Goes last in the list of reporters. */
export default class SummaryReporter implements Reporter {
  #vitest: Vitest | null = null;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const text = formatSummary(summaryOf(modules, unhandledErrors.length));
    const print = (): void => {
      process.stdout.write(text);
    };
    // Other reporters and vitest itself still print when a run ends; in watch mode the process goes on.
    if (this.#vitest?.config.watch === true) print();
    else process.once('exit', print);
  }
}
