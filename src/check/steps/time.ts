import type { JudgedTime } from '../../package/package-report.ts'

/** What a time proof adds to a check. `document` is empty where there is none. */
export type TimeResult = JudgedTime

/** Result for a receipt without a time proof. */
export const noTime: TimeResult = { faults: [], unjudged: [], lines: [], limits: [], document: {} }
