import { errorTable, type EvidenceError } from '../../src/core/errors.ts'
import { count, counted } from '../../src/core/text.ts'
import { ServerRefusal } from '../../src/client/http.ts'
import { type Toned, toned } from './tone.ts'
import { exitCodeOf, type Finding } from '../../src/verify/report.ts'

/** What was found of evidence or of a chain. */
export interface Verdict {
  readonly faults: readonly Finding[]
  readonly unjudged: readonly Finding[]
}

/** Commands that verify nothing: exit code 1 says "does not verify" and nothing else, so it may not come out of them. */
const withoutVerdict: ReadonlySet<string> = new Set([
  'init',
  'ledger sign-genesis',
  'keygen',
  'deposit',
  'show',
  'find',
  'attest',
  'retract',
  'erase',
  'hand-over',
  'take-over',
  'withdraw',
  'custody',
  'access',
  'approvals',
  'sign-statement',
  'participants',
  'witness',
  'setup',
  'profile',
])

/** True for a command, by the first words after `evidence`, that verifies something. */
function judges([command, second]: readonly string[]): boolean {
  return command !== undefined && !withoutVerdict.has(command) && !withoutVerdict.has(`${command} ${second}`)
}

/** The exit code of a verdict: 0 fine, 1 does not verify, 3 could not be looked at, 4 needs a newer verifier. */
export function exitOfVerdict({ faults, unjudged }: Verdict): 0 | 1 | 3 | 4 {
  return exitCodeOf(faults, unjudged)
}

/** Whether all was looked at and judged, and no fault found: `ok` of every document is this, so that it is true exactly where the exit code is 0. */
export function isSound(verdict: Verdict): boolean {
  return exitOfVerdict(verdict) === 0
}

/** The exit code of a refusal: what a command could not do says nothing of evidence, and so is 2 or 3 where the command judges nothing. */
export function exitOfRefusal(error: EvidenceError, command: readonly string[]): 1 | 2 | 3 | 4 {
  const { exit } = error.kind
  // Nor does a server's word, whatever code it states: that a query has no form is all that it can know of the call.
  if (error instanceof ServerRefusal) return exit === 2 && !judges(command) ? 2 : 3
  return exit === 1 && !judges(command) ? 3 : exit
}

/** The last line of a result. It begins with "no fault found" only where all was judged; `sound` is what is said then besides. */
export function verdictLine(
  { faults, unjudged }: Verdict,
  {
    sound,
    ...counts
  }: { readonly faults?: number; readonly unjudged?: number; readonly sound?: string | undefined } = {},
): Toned {
  const found = counts.faults ?? faults.length
  const open = counts.unjudged ?? unjudged.length
  const unseen = counts.faults === undefined ? faults.filter(({ code }) => errorTable[code].exit === 3).length : 0
  if (found > 0 && unseen === found) {
    const what = counted(unseen, 'thing')
    return toned('open', `not looked at in part: ${what} could not be read or asked; no fault found in the rest`)
  }
  if (found > 0) return toned('fault', `${counted(found, 'fault')} found`)
  if (open === 0) return toned('good', sound === undefined ? 'no fault found' : `no fault found: ${sound}`)
  const needs = open === 1 ? '1 finding needs' : `${count(open)} findings need`
  return toned('open', `not judged in part: ${needs} a newer verifier; no fault found in the rest`)
}
