/** Registers every function, for whoever serves them all from the source: `functions-framework --target=NAME`. */
import './audit.ts';
import './clean.ts';
import './dispatch.ts';
import './record-audit-logs.ts';
import './record-image-event.ts';
import './report.ts';
