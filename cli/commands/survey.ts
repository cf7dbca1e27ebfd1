import { surveyOf } from '../../shared/core/proposal/survey.ts';
import { renderSurvey } from '../../shared/report/survey-text.ts';
import { deadlineOption } from '../deadline.ts';
import { EXIT } from '../exit-code.ts';
import { ManualCommand, paragraphs } from '../manual.ts';
import { concurrencyOption, ledgerOption } from '../options.ts';
import { isIncomplete, type SurveyOptions, snapshotForSurvey } from '../surveying.ts';
import { outputStyle } from '../terminal.ts';
import { inUseOption } from '../usage.ts';

/** `gcr-warden survey`: a first look, with the caller's credentials and rights to read. */
export function surveyCommand(): ManualCommand {
  return new ManualCommand('survey')
    .summary('Look a registry over: what is there, what it costs, what a safe policy would free')
    .description(
      paragraphs(
        'A first look at a registry, with your own credentials and rights to read: how many images, how many of them without a tag, how large and what that costs a month, how the tags are made, and what policies that fit them would take. Changes nothing, and leaves nothing behind.',
        "Sizes are `up to` what is listed, and costs go by a list price whose day is named. A listing that can't be shown to be whole says so, and ends the command with 1.",
      ),
    )
    .argument('<target>', '`HOST/PROJECT[/REPO]`, or `gcr.io/PROJECT`')
    .addOption(
      inUseOption(
        'where to ask what runs, as in [in-use.md](in-use.md#sources); may be repeated. With it the policies keep what runs',
      ),
    )
    .addOption(
      ledgerOption('a ledger that knows more of these images; without one nothing is known but the listing'),
    )
    .addOption(concurrencyOption())
    .addOption(deadlineOption('what was not read by then may have more, and the command ends with 1'))
    .option('--json', 'print the survey as JSON')
    .example('survey localhost:5050/acme')
    .action(async (target: string, options: SurveyOptions & { readonly json?: true }) => {
      const snapshot = await snapshotForSurvey(target, options);
      const survey = surveyOf(snapshot, {
        owner: null,
        schedule: null,
        knowsInUse: options.inUse !== undefined,
      });
      process.stdout.write(
        options.json === true ? `${JSON.stringify(survey, null, 2)}\n` : renderSurvey(survey, outputStyle()),
      );
      if (isIncomplete(snapshot)) process.exitCode = EXIT.failed;
    });
}
