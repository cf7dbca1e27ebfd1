import { type Answer, command, fine, missing, unclear } from '../answer.ts';
import type { Check } from '../check.ts';
import { expectedJobs } from '../deployment.ts';

/** Whether the jobs are there, run, and ended well when they last did. */
export const scheduler: Check = {
  id: 'scheduler',
  title: 'Scheduler',
  answers: ({ jobs, deployment }) => {
    const { name, project, region } = deployment;
    return expectedJobs(deployment).map((each): Answer => {
      const id = `${name}-${each}`;
      const place = `${id} --location ${region} --project ${project}`;
      const job = jobs[each];
      if (job === undefined || job.kind === 'unknown') {
        return unclear(`Job ${id} could not be read: ${job?.reason ?? 'it was not asked for'}`);
      }
      if (job.value === null) return missing(`There is no job ${id}.`, command('terraform apply'));
      const { state, lastAttemptMs, lastStatus } = job.value;
      if (state !== 'ENABLED') {
        return missing(`Job ${id} is ${state}.`, command(`gcloud scheduler jobs resume ${place}`));
      }
      if (lastAttemptMs === null) {
        return unclear(`Job ${id} has not run yet.`, command(`gcloud scheduler jobs run ${place}`));
      }
      const at = new Date(lastAttemptMs).toISOString();
      if (lastStatus !== 0) {
        return missing(
          `Job ${id} failed at ${at} with code ${lastStatus}.`,
          command(`gcloud functions logs read ${id} --region ${region} --project ${project}`),
        );
      }
      return fine(`${id} ran well at ${at}.`);
    });
  },
};
