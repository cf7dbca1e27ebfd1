import { ok, problem } from './reply.ts';
import { forProject, type Route, V } from './route.ts';

const FILTER =
  /^metric\.type = "storage\.googleapis\.com\/storage\/v2\/(total_bytes|total_count)" AND resource\.labels\.bucket_name = "([^"]+)"$/;

/** monitoring.googleapis.com: how much buckets hold. */
export const MONITORING: readonly Route[] = [
  {
    name: 'time series',
    method: 'GET',
    pattern: new RegExp(`^/v3/projects/${V}/timeSeries$`),
    permission: 'monitoring.timeSeries.list',
    subjects: ([project = '']) => [project, 'monitoring'],
    reply: (request) =>
      forProject(request, ({ project, buckets }) => {
        const [, metric, name] = FILTER.exec(request.query.get('filter') ?? '') ?? [];
        const end = request.query.get('interval.endTime');
        if (metric === undefined || end === null) {
          return problem(400, 'INVALID_ARGUMENT', 'Field filter had an invalid value.');
        }
        const contents = buckets.find((bucket) => bucket.name === name)?.contents;
        // An empty list has the unit and nothing else.
        if (contents === undefined) return ok({ unit: 'By' });
        const isSize = metric === 'total_bytes';
        const interval = { startTime: end, endTime: end };
        const value = isSize ? { doubleValue: contents.sizeBytes } : { int64Value: String(contents.objects) };
        return ok({
          timeSeries: [
            {
              metric: {
                type: `storage.googleapis.com/storage/v2/${metric}`,
                labels: { storage_class: 'MULTI_REGIONAL', type: 'live-object' },
              },
              resource: {
                type: 'gcs_bucket',
                labels: { bucket_name: name, project_id: project, location: 'us' },
              },
              metricKind: 'GAUGE',
              valueType: isSize ? 'DOUBLE' : 'INT64',
              points: [{ interval, value }],
            },
          ],
          unit: isSize ? 'By' : '1',
        });
      }),
  },
];
