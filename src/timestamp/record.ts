import { toBase64, tryBase64 } from '../core/base64.ts'
import { equalBytes, latin1, utf8 } from '../core/bytes.ts'
import { digestOf } from '../core/digest.ts'
import { EvidenceError } from '../core/errors.ts'
import { maxCertificateBytes } from './certificate.ts'
import { maxCrlBytes } from './crl.ts'
import type { HashAlgorithm } from './signature.ts'
import { maxTokenBytes } from './token.ts'

const version = 'evidence-ledger/time-stamps/v1'
/** Largest record, in bytes, and what it may hold. */
export const maxRecordBytes: number = 8 * 1024 * 1024
const maxCheckpointBytes = 256 * 1024
const maxLayers = 32
const maxTokens = 64
const maxLayerTokens = 8
const maxMaterial = 64

/** Tokens of one time, with what they are judged with; DER each. */
export interface Layer {
  readonly algorithm: HashAlgorithm
  readonly tokens: readonly Uint8Array[]
  readonly certificates: readonly Uint8Array[]
  readonly crls: readonly Uint8Array[]
}

/** A layer in its record: `begin` is where its `hash` line begins. */
export interface PlacedLayer extends Layer {
  readonly begin: number
}

/** A time-stamp record (`.time-stamps`, docs/spec/13-time-stamps.md). */
export interface TimeStampRecord {
  readonly bytes: Uint8Array
  /** The stamped bytes: a signed checkpoint. */
  readonly checkpoint: Uint8Array
  readonly layers: readonly PlacedLayer[]
}

const bad = (why: string): EvidenceError => new EvidenceError('time-stamp-malformed', `the time-stamp record ${why}`)

function isAlgorithm(name: string): name is HashAlgorithm {
  return name === 'sha256' || name === 'sha384' || name === 'sha512'
}

/** Reads a record; no token is looked into. Throws `time-stamp-malformed`. */
export function parseRecord(bytes: Uint8Array): TimeStampRecord {
  if (bytes.length > maxRecordBytes) throw bad(`is longer than ${maxRecordBytes} bytes`)
  const text = latin1(bytes)
  if (!text.endsWith('\n')) throw bad('does not end in a line feed')
  const lines = text.slice(0, -1).split('\n')
  if (lines[0] !== version) throw bad(`does not begin with ${version}`)
  const valueOf = (line: string, word: string, maxBytes: number): Uint8Array => {
    const value = tryBase64(line.slice(word.length + 1))
    if (value === undefined || value.length === 0) throw bad(`has a ${word} that is not canonical base64`)
    if (value.length > maxBytes) throw bad(`has a ${word} of more than ${maxBytes} bytes`)
    return value
  }
  if (!(lines[1] ?? '').startsWith('checkpoint ')) throw bad('names no checkpoint')
  const checkpoint = valueOf(lines[1] as string, 'checkpoint', maxCheckpointBytes)
  let at = version.length + 1 + (lines[1] as string).length + 1
  let tokens = 0
  const layers: {
    algorithm: HashAlgorithm
    begin: number
    tokens: Uint8Array[]
    certificates: Uint8Array[]
    crls: Uint8Array[]
  }[] = []
  for (const line of lines.slice(2)) {
    const [word] = line.split(' ', 1) as [string]
    const layer = layers.at(-1)
    if (word === 'hash') {
      const algorithm = line.slice(5)
      if (!isAlgorithm(algorithm)) throw bad('names a hash that this version does not know')
      if (layer?.tokens.length === 0) throw bad('has a layer without a token')
      if (layers.length === maxLayers) throw bad(`has more than ${maxLayers} layers`)
      layers.push({ algorithm, begin: at, tokens: [], certificates: [], crls: [] })
    } else if (layer === undefined) throw bad('has something before its first layer')
    else if (word === 'token') {
      if (layer.certificates.length + layer.crls.length > 0)
        throw bad('has a token after what its layer is judged with')
      if (layer.tokens.length === maxLayerTokens || ++tokens > maxTokens) throw bad('has too many tokens')
      layer.tokens.push(valueOf(line, word, maxTokenBytes))
    } else if (word === 'certificate' || word === 'crl') {
      if (layer.tokens.length === 0) throw bad('has a layer without a token')
      if (layer.certificates.length + layer.crls.length === maxMaterial)
        throw bad(`has more than ${maxMaterial} certificates and lists in a layer`)
      if (word === 'crl') layer.crls.push(valueOf(line, word, maxCrlBytes))
      else layer.certificates.push(valueOf(line, word, maxCertificateBytes))
    } else throw bad('has a line that begins with an unknown word')
    at += line.length + 1
  }
  if (layers.length === 0 || layers.at(-1)?.tokens.length === 0) throw bad('holds no token')
  return { bytes, checkpoint, layers }
}

/** The bytes that the tokens of a layer are of: the checkpoint, or all that stands before a later layer. */
export function coveredBytes({ bytes, checkpoint, layers }: TimeStampRecord, layer: number): Uint8Array {
  return layer === 0 ? checkpoint : bytes.subarray(0, (layers[layer] as PlacedLayer).begin)
}

/** The imprint that the tokens of a layer must have. */
export function coveredHash(record: TimeStampRecord, layer: number): Uint8Array {
  const { algorithm } = record.layers[layer] as PlacedLayer
  return digestOf(algorithm, coveredBytes(record, layer))
}

const line = (word: string, der: Uint8Array): string => `${word} ${toBase64(der)}\n`

function materialText({ certificates, crls }: Pick<Layer, 'certificates' | 'crls'>): string {
  return certificates.map((der) => line('certificate', der)).join('') + crls.map((der) => line('crl', der)).join('')
}

function layerText(layer: Layer): string {
  return `hash ${layer.algorithm}\n${layer.tokens.map((der) => line('token', der)).join('')}${materialText(layer)}`
}

/** The record of a checkpoint with its first layer. */
export function newRecord(checkpoint: Uint8Array, layer: Layer): TimeStampRecord {
  return parseRecord(utf8(`${version}\n${line('checkpoint', checkpoint)}${layerText(layer)}`))
}

/** The record with a renewal at its end. Its tokens must be of all bytes that the record has now. */
export function withLayer({ bytes }: TimeStampRecord, layer: Layer): TimeStampRecord {
  return parseRecord(utf8(latin1(bytes) + layerText(layer)))
}

/** The record with more to judge its last layer with: what it does not hold yet. */
export function withMaterial(record: TimeStampRecord, more: Pick<Layer, 'certificates' | 'crls'>): TimeStampRecord {
  const last = record.layers.at(-1) as PlacedLayer
  const lacks = (held: readonly Uint8Array[]) => (der: Uint8Array) => !held.some((one) => equalBytes(one, der))
  const added = {
    certificates: more.certificates.filter(lacks(last.certificates)),
    crls: more.crls.filter(lacks(last.crls)),
  }
  return parseRecord(utf8(latin1(record.bytes) + materialText(added)))
}
