import * as z from 'zod';
import { type Fact, known, unknown } from '../../core/fact.ts';
import { DAY_MS } from '../../core/units.ts';
import type { GoogleAccess } from '../../ports.ts';
import { type FactReads, timeOf } from './fact-reads.ts';
import { path } from './rest.ts';

const TIME_SERIES = z.object({
  timeSeries: z
    .array(
      z.object({
        points: z
          .array(
            z.object({
              interval: z.object({ endTime: z.string() }),
              value: z.object({ int64Value: z.string().optional(), doubleValue: z.number().optional() }),
            }),
          )
          .default([]),
      }),
    )
    .default([]),
});

/** Measured once a day, and told some hours later. */
const LOOK_BACK_MS = 3 * DAY_MS;

const BUCKET_NAME = /^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/;

/**
 * What a bucket holds, without listing its objects: two requests however many there are.
 * https://cloud.google.com/monitoring/api/metrics_gcp_p_z#gcp-storage (`storage/v2/total_bytes`, `storage/v2/total_count`)
 */
export function monitoringReads({ all }: FactReads): Pick<GoogleAccess, 'bucketContents'> {
  const newest = async (
    project: string,
    bucket: string,
    metric: string,
    nowMs: number,
  ): Promise<Fact<{ readonly sum: number; readonly atMs: number }>> => {
    // The name goes into a filter expression, so it has to be one.
    if (!BUCKET_NAME.test(bucket)) return unknown('that is no name of a bucket');
    const pages = await all(TIME_SERIES, {
      api: 'monitoring',
      path: path`/v3/projects/${project}/timeSeries`,
      query: {
        filter: `metric.type = "storage.googleapis.com/storage/v2/${metric}" AND resource.labels.bucket_name = "${bucket}"`,
        'interval.startTime': new Date(nowMs - LOOK_BACK_MS).toISOString(),
        'interval.endTime': new Date(nowMs).toISOString(),
      },
    });
    if (pages.kind === 'unknown') return pages;
    return sumOfNewest(pages.value.flatMap(({ timeSeries }) => timeSeries));
  };
  return {
    async bucketContents(project, bucket, nowMs) {
      const [size, count] = await Promise.all([
        newest(project, bucket, 'total_bytes', nowMs),
        newest(project, bucket, 'total_count', nowMs),
      ]);
      if (size.kind === 'unknown') return size;
      if (count.kind === 'unknown') return count;
      return known({
        sizeBytes: Math.round(size.value.sum),
        objects: count.value.sum,
        atMs: Math.min(size.value.atMs, count.value.atMs),
      });
    },
  };
}

/** A bucket has one series for each storage class and kind of object: what it holds is the sum of their last points. */
function sumOfNewest(
  series: z.infer<typeof TIME_SERIES>['timeSeries'],
): Fact<{ readonly sum: number; readonly atMs: number }> {
  const last = series.flatMap(({ points }) => points.slice(0, 1));
  if (last.length === 0) return unknown('Cloud Monitoring has no measurement of it in the last three days');
  let sum = 0;
  let atMs = Number.POSITIVE_INFINITY;
  for (const { interval, value } of last) {
    const at = timeOf(interval.endTime);
    const number = value.doubleValue ?? Number(value.int64Value ?? Number.NaN);
    if (at.kind === 'unknown') return at;
    if (!Number.isFinite(number)) return unknown('the reply has a measurement that is none');
    sum += number;
    atMs = Math.min(atMs, at.value);
  }
  return known({ sum, atMs });
}
