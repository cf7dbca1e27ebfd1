import { CommanderError } from 'commander';
import { messageOf, WardenError } from '../shared/core/error.ts';
import { printable } from '../shared/report/text.ts';
import { EXIT, REFUSED_CODES } from './exit-code.ts';
import { programFor } from './program.ts';

// Who reads only the beginning (`| head`) closes the pipe; what is left has nobody to go to.
process.stdout.on('error', (problem: NodeJS.ErrnoException) => {
  if (problem.code !== 'EPIPE') throw problem;
});

try {
  const program = await programFor(process.argv.slice(2));
  await program.parseAsync();
} catch (problem) {
  if (problem instanceof CommanderError) {
    process.exitCode = problem.exitCode === 0 ? EXIT.done : EXIT.refused;
  } else {
    const code = problem instanceof WardenError ? problem.code : 'INTERNAL';
    process.stderr.write(`error: ${code}: ${printable(messageOf(problem))}\n`);
    // A client that goes on trying after it was given up must not keep the process alive.
    process.exit(REFUSED_CODES.has(code) ? EXIT.refused : EXIT.failed);
  }
}
