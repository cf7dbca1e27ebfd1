import { ok, problem } from './reply.ts';
import { forProject, type Route, V } from './route.ts';

/** cloudscheduler.googleapis.com: jobs and what became of their last attempt. */
export const CLOUD_SCHEDULER: readonly Route[] = [
  {
    name: 'job',
    method: 'GET',
    pattern: new RegExp(`^/v1/projects/${V}/locations/${V}/jobs/${V}$`),
    permission: 'cloudscheduler.jobs.get',
    subjects: ([project = '']) => [project, 'cloudscheduler'],
    reply: (request) =>
      forProject(request, ({ project, jobs = [] }) => {
        const [, location = '', name = ''] = request.values;
        const job = jobs.find((each) => each.name === name && each.location === location);
        if (job === undefined) return problem(404, 'NOT_FOUND', 'Job not found.');
        const { state, lastAttempt, lastCode = 0 } = job;
        return ok({
          name: `projects/${project}/locations/${location}/jobs/${name}`,
          state,
          ...(lastAttempt === undefined ? {} : { lastAttemptTime: lastAttempt }),
          // As Google does, a code of 0 is left out.
          ...(lastCode === 0 ? { status: {} } : { status: { code: lastCode } }),
        });
      }),
  },
];
