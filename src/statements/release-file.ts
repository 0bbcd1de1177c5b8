import { z } from 'zod'
import { type Disclosure, parseDisclosure } from '../core/disclosure.ts'
import { EvidenceError } from '../core/errors.ts'
import { parseJson, requireObject } from '../core/json.ts'
import { readRelease, type Release } from './custody-release.ts'
import { schemaError } from './schema-errors.ts'

/** Ending of the name of a release's file. */
export const releaseEnding = '.evidence-release'

/** A release on its way from giver to receiver (docs/spec/19-custody.md, "The release's file"). */
export interface ReleaseFile {
  readonly release: string
  /** The disclosure of the claim `offer`. */
  readonly offer?: string | undefined
  /** Receipts of the deposits that are released, without sealed claims. */
  readonly receipts: readonly string[]
}

export interface OpenedRelease extends ReleaseFile {
  readonly opened: Release
  readonly offered: Disclosure | undefined
}

const fileSchema = z.strictObject({
  release: z.string(),
  offer: z.string().optional(),
  receipts: z.array(z.string()).max(64),
})

/** Writes a release's file. */
export function releaseFileText({ release, offer, receipts }: ReleaseFile): string {
  return `${JSON.stringify({ release, offer, receipts }, null, 2)}\n`
}

/**
 * Reads a release's file; signatures and receipts are still to be verified. Throws `release-malformed`, and the codes of a
 * disclosure and of readRelease.
 */
export function parseReleaseFile(bytes: Uint8Array): OpenedRelease {
  const file = fileIn(bytes)
  const opened = readRelease(file.release)
  const offered = file.offer === undefined ? undefined : parseDisclosure(file.offer)
  const sealed = opened._sd?.[0]
  if (offered !== undefined && (offered.claim !== 'offer' || offered.digest !== sealed))
    throw malformed('has an offer that its giver did not sign')
  return { ...file, opened, offered }
}

function fileIn(bytes: Uint8Array): ReleaseFile {
  let value: unknown
  try {
    value = requireObject(parseJson(bytes, 'release'), 'release')
  } catch (cause) {
    throw malformed('is no release: it is not the JSON of an .evidence-release', cause)
  }
  const result = fileSchema.safeParse(value)
  if (!result.success) throw schemaError(result.error, 'release-malformed', 'release')
  return result.data
}

function malformed(why: string, cause?: unknown): EvidenceError {
  return new EvidenceError('release-malformed', `the file ${why}`, { where: 'release' }, { cause })
}
