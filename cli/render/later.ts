import type { Manifest } from '../../src/core/manifest.ts'
import { textOfBytes } from '../../src/core/text.ts'
import { brokenIn, type FilePart, type OnlineStatus, retractionIn } from '../../src/check/steps/later.ts'
import { partText, passedText } from '../../src/statements/later-events.ts'
import { statusLimits } from '../../src/verify/check-status.ts'
import type { Finding } from '../../src/verify/report.ts'
import { admissionLine } from './admission.ts'
import { type Toned, toned } from './tone.ts'
import { when } from './when.ts'

/** What was left out of later events for their number, for people; nothing where all is told. */
export function notAllToldLines(leftOut: readonly Finding[] = []): Toned[] {
  return leftOut.map(({ message }) => toned('notice', `NOT ALL TOLD: ${message}`))
}

/**
 * What must be read before anything else, in the order of docs/spec/15-status.md: that the deposit was taken back, that its key is reported
 * compromised. Neither hides the other.
 */
export function headline(online: OnlineStatus | undefined, part: FilePart = {}): Toned[] {
  const retraction = online?.size === undefined ? undefined : retractionIn(online, part)
  const lines: Toned[] = []
  if (retraction !== undefined) {
    const { index, time, code, what } = retraction
    const part = what === 'retracted' ? 'deposit' : 'file'
    const text = `RETRACTED: this ${part} was taken back (${code ?? 'no reason'}) by entry ${index} at ${when(time)}`
    lines.push(toned('notice', text))
  }
  if (online?.size !== undefined && online.flagged)
    lines.push(toned('notice', 'KEY COMPROMISED: the key is said to have been compromised at the time of this entry'))
  return [...lines, ...notAllToldLines(online?.leftOut?.findings)]
}

/** Files of a folder that were taken back, one by one: those whose line a proven event names. */
export function lineRetractions(
  online: OnlineStatus | undefined,
  item: number | undefined,
  manifest: Pick<Manifest, 'line'> | undefined,
): Toned[] {
  return (online?.events ?? []).flatMap((event) => {
    if (!event.proven || event.what !== 'part-retracted' || event.line === undefined || event.item !== item) return []
    const file = manifest?.line(event.line)
    if (file === undefined) return []
    const { code = 'no reason', index, time } = event
    const text = `RETRACTED: ${textOfBytes(file.path)} was taken back (${code}) by entry ${index} at ${when(time)}`
    return [toned('notice', text)]
  })
}

/** The ledger's answer, for people. */
export function statusLines(online: OnlineStatus): string[] {
  const { url, size, events, flagged, signer, admission } = online
  if (size === undefined) return []
  const lines = events.map((event) => {
    if (!event.proven) return `the ledger says, not shown: ${event.what}: entry ${event.index}`
    const { index, time, what, code, compromisedSince } = event
    const since = compromisedSince === undefined ? undefined : `compromised since ${when(compromisedSince)}`
    const said = [what, ...[code, since].filter((one) => one !== undefined)].join(', ')
    return `later: ${said}${partText(event)}${passedText(event)}: entry ${index} at ${when(time)}`
  })
  const named =
    events.length === 0
      ? 'it names nothing later, which is its word and signed by nobody'
      : `it names ${events.length} later`
  const broken = brokenIn(online).length > 0 ? ', and there its answer broke off' : ''
  return [
    ...(admission === undefined || signer === undefined ? [] : [admissionLine(signer, admission)]),
    `asked ${url} as of size ${size}, which goes on from the receipt’s checkpoint: ${named}${broken}`,
    ...lines,
    ...(flagged ? ['FLAGGED: the key is said to have been compromised at the time of this entry'] : []),
    statusLimits,
  ]
}
