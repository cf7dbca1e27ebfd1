import { messageOf, WardenError } from '../shared/core/error.ts';

/**
 * Work on files of a report.
 * @throws WardenError REPORT_UNWRITABLE where the disk refuses
 */
export async function onReportDisk<T>(place: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof WardenError) throw cause;
    const message = `The report can't be written to ${place}: ${messageOf(cause)}.`;
    throw new WardenError('REPORT_UNWRITABLE', message, { cause });
  }
}
