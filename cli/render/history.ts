import { smallest } from '../../src/core/arrays.ts'
import { counted } from '../../src/core/text.ts'
import { partText } from '../../src/statements/later-events.ts'
import { itemsOf } from '../../src/statements/said.ts'
import { statusLimits } from '../../src/verify/check-status.ts'
import { exhibitOf } from '../history/targets.ts'
import type { DepositHistory, Step, Told } from '../history/timeline.ts'
import { claimLines } from '../options/custody.ts'
import { notAllToldLines } from './later.ts'
import type { Line } from './output.ts'
import { toned } from './tone.ts'
import { when, whenSeconds } from './when.ts'

/** One timeline of some deposits, oldest first. */
export function timelineOf(histories: readonly DepositHistory[]): Step[] {
  return histories.flatMap(({ steps }) => steps).sort((a, b) => a.index - b.index || a.deposit - b.deposit)
}

/** A history, for people. */
export function historyLines(by: string, histories: readonly DepositHistory[], warnings: readonly string[]): Line[] {
  const told = histories.flatMap((one) => one.told)
  const sizes = histories.map(({ size }) => size)
  return [
    `${by}: ${histories.length === 1 ? 'one deposit' : counted(histories.length, 'deposit')}, as of size ${smallest(sizes)}`,
    ...warnings.map((text) => toned('notice', `WARNING: ${text}`)),
    ...histories
      .filter(({ flagged }) => flagged)
      .map(({ index }) => toned('notice', `KEY COMPROMISED: entry ${index}`)),
    ...histories.flatMap(({ notAllTold }) => notAllToldLines(notAllTold)),
    ...timelineOf(histories).flatMap((step) => [...stepLines(step), ...troubleLines(step, histories)]),
    ...told.map(toldLine),
    ...histories.flatMap(heldLines),
    verifiedLine(histories),
    statusLimits,
  ]
}

function stepLines(step: Step): Line[] {
  const { deposit, index, time, what, code, by, kid, name, claims, compromisedSince } = step
  const said = `${what}${code === undefined ? '' : `: ${code}`}${partText(step)}`
  const since = compromisedSince === undefined ? '' : `, compromised since ${when(compromisedSince)}`
  const called = name === undefined ? by : `${by} (${JSON.stringify(name)})`
  return [
    `${when(time)}  entry ${index}${index === deposit ? '' : `, of entry ${deposit}`}: ${said}${since}`,
    `    on the word of ${called}, by key ${kid}, signed at ${whenSeconds(step.signedAt)} by its own word`,
    ...doneLines(step),
    ...handOverLines(step),
    ...Object.entries(claims).flatMap(([claim, value]) => claimLines(claim, value).map((text) => `  ${text}`)),
  ]
}

/** What keeps a step from being told as a step of custody. */
function troubleLines({ deposit, index }: Step, histories: readonly DepositHistory[]): Line[] {
  const trouble = histories.find((one) => one.index === deposit)?.custody.troubles.get(index)
  if (trouble === undefined) return []
  const what =
    trouble.state === 'does-not-follow'
      ? 'DOES NOT FOLLOW from the entries shown, and moves nothing'
      : 'NOT JUDGED by the entries shown'
  return [toned('notice', `    ${what}: ${trouble.why}`)]
}

/** Whether each step of custody follows from the entries shown. */
export function isFollowing(histories: readonly DepositHistory[]): boolean {
  return histories.every(({ custody }) => [...custody.troubles.values()].every(({ state }) => state === 'not-judged'))
}

function verifiedLine(histories: readonly DepositHistory[]): Line {
  const verified =
    'each entry is in the tree that the ledger signed, and signed by the key that is named; names are the administrators’ word'
  if (isFollowing(histories)) return `verified: ${verified}`
  const why =
    'a step of custody does not follow from the entries shown. The ledger sealed what its rules forbid, or left something out'
  return toned('notice', `NOT VERIFIED: ${why}; for the rest, ${verified}`)
}

function doneLines({ from, to }: Step): string[] {
  if (from === undefined && to === undefined) return []
  return [
    `    done${from === undefined ? '' : ` from ${when(from)}`}${to === undefined ? '' : ` to ${when(to)}`}, by its own word`,
  ]
}

function handOverLines({ handOver, flags = [] }: Step): Line[] {
  if (handOver === undefined) return []
  const { giver, receiver, kid, isVerified, inLieu, checked } = handOver
  const signed = isVerified ? 'whose signature verifies' : 'whose signature was not verified here'
  return [
    `    released by ${giver} to ${receiver}, by key ${kid}, ${signed}${checked === undefined ? '' : `; files: ${checked.join(', ')}`}`,
    ...(!flags.includes('moved-by-order')
      ? []
      : [toned('notice', `    MOVED BY ORDER (${inLieu ?? ''}): without the holder’s signature`)]),
    ...(flags.includes('accepted-differs') ? [toned('notice', '    ACCEPTED ALTHOUGH SOMETHING DIFFERS')] : []),
  ]
}

function toldLine({ deposit, index, what }: Told): string {
  return `the ledger says, not shown: of entry ${deposit}: ${what}: entry ${index}`
}

function heldLines(history: DepositHistory): string[] {
  const { index, receipt } = history
  const exhibit = exhibitOf(receipt)
  const name = exhibit === undefined ? `entry ${index}` : `entry ${index} (exhibit ${JSON.stringify(exhibit)})`
  const texts = history.custody.units.map(({ holder, state }) =>
    state === 'held'
      ? `held by ${holder}`
      : state === 'ended'
        ? `custody ended, last held by ${holder}`
        : 'who holds it is not judged by the entries shown',
  )
  if (new Set(texts).size <= 1) return [`${name}: ${texts[0] ?? 'no items'}, by what is shown`]
  return itemsOf(receipt.body).map((_, item) => `${name}, item ${item}: ${texts[item]}, by what is shown`)
}
