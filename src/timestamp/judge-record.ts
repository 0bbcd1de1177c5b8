import { append, largest, smallest } from '../core/arrays.ts'
import { EvidenceError, isEvidenceError } from '../core/errors.ts'
import { timeText } from '../core/time.ts'
import { type Certificate, readCertificate } from './certificate.ts'
import { readCrl } from './crl.ts'
import { judgeToken, type TokenVerdict } from './judge-token.ts'
import { coveredHash, type PlacedLayer, type TimeStampRecord } from './record.ts'
import { readToken } from './token.ts'

/** How far two clocks may be apart, in milliseconds (docs/spec/13-time-stamps.md). */
export const clockSkewMs: number = 60_000

/** A layer as it was judged. */
export interface LayerVerdict {
  readonly algorithm: PlacedLayer['algorithm']
  readonly tokens: readonly TokenVerdict[]
  /** The tokens that say when: those that stand, or, without anchors, those that agree with themselves. */
  readonly standing: readonly TokenVerdict[]
}

/** A record as it was judged. */
export interface RecordVerdict {
  /** From the first to the last; shorter where one could not be read. */
  readonly layers: readonly LayerVerdict[]
  readonly faults: readonly EvidenceError[]
}

/**
 * Judges a record from the last layer to the first (docs/spec/13-time-stamps.md, "Record"). Without `anchors` its tokens are held
 * against themselves alone. Never throws for what the record holds.
 */
export async function judgeRecord(
  record: TimeStampRecord,
  anchors: readonly Certificate[] | undefined,
  nowMs: number,
): Promise<RecordVerdict> {
  const faults: EvidenceError[] = []
  const layers: LayerVerdict[] = []
  let untilMs = nowMs
  let isRenewed = false
  for (let i = record.layers.length - 1; i >= 0; i--) {
    const layer = await judgeLayer(record, i, { anchors, untilMs, isRenewed }, faults)
    layers.unshift(layer)
    if (layer.standing.length > 0) {
      untilMs = smallest(layer.standing.map(({ token }) => token.genTimeMs))
      isRenewed = true
    }
  }
  const first = layers[0] as LayerVerdict
  const [failed] = first.tokens
  if (first.standing.length === 0 && failed?.fault !== undefined) faults.push(failed.fault)
  const order = orderFault(layers, nowMs)
  if (order !== undefined) faults.push(order)
  return { layers, faults }
}

interface LayerContext {
  readonly anchors: readonly Certificate[] | undefined
  readonly untilMs: number
  readonly isRenewed: boolean
}

async function judgeLayer(
  record: TimeStampRecord,
  i: number,
  context: LayerContext,
  faults: EvidenceError[],
): Promise<LayerVerdict> {
  const { algorithm, tokens, certificates, crls } = record.layers[i] as PlacedLayer
  const guard = async <T>(step: () => T | Promise<T>): Promise<T[]> => {
    try {
      return [await step()]
    } catch (error) {
      if (!isEvidenceError(error)) throw error
      faults.push(error)
      return []
    }
  }
  const eachOf = async <T>(ders: readonly Uint8Array[], step: (der: Uint8Array) => T | Promise<T>): Promise<T[]> => {
    const done: T[] = []
    // In their order, as their faults are told.
    for (const der of ders) append(done, await guard(() => step(der)))
    return done
  }
  const material = {
    certificates: await eachOf(certificates, readCertificate),
    crls: await eachOf(crls, readCrl),
  }
  const covered = coveredHash(record, i)
  const verdicts = await eachOf(tokens, (der) =>
    judgeToken(readToken(der), { algorithm, covered, ...material, ...context }),
  )
  return { algorithm, tokens: verdicts, standing: verdicts.filter(({ state }) => state !== 'fails') }
}

/** Each layer was made after the one before, and none after now. */
function orderFault(layers: readonly LayerVerdict[], nowMs: number): EvidenceError | undefined {
  let before = Number.NEGATIVE_INFINITY
  for (const { tokens } of layers) {
    const times = tokens.map(({ token }) => token.genTimeMs)
    const early = times.find((time) => time < before)
    if (early !== undefined) {
      return new EvidenceError('time-stamp-order', 'a renewal is older than what it renews', {
        expected: `not before ${timeText(before)}`,
        found: timeText(early),
      })
    }
    const late = times.find((time) => time > nowMs + clockSkewMs)
    if (late !== undefined) {
      return new EvidenceError('time-stamp-order', 'a token is of a time that has not come', {
        expected: `not after ${timeText(nowMs)}`,
        found: timeText(late),
      })
    }
    before = largest([before, ...times])
  }
  return undefined
}
