import { toHex } from '../core/base64.ts'
import { sha256 } from '../core/hash.ts'
import { isOrigin } from '../core/origin.ts'
import { tryTime } from '../core/time.ts'
import type { Finding } from '../verify/report.ts'
import { labels } from './bag-tags.ts'
import { names } from './layout.ts'
import { verifyGuideSha256 } from './verify-guide-digest.ts'

/*
 * What the packer says in words: labels of bag-info.txt, VERIFY.md, other text. Nothing rests on it, and nobody is told of it without
 * being told whose word it is.
 */
export interface PackerWords {
  /** The case number that was asked for. */
  readonly case: string | undefined
  /** Day of packing (`Bagging-Date`). */
  readonly packed: string | undefined
  /** The ledger, and its size, as of which the packer asked for later events; undefined where nobody asked. */
  readonly asked: { readonly origin: string; readonly size: number } | undefined
  /** Later entries that the packer was told of and could not read. */
  readonly eventsNotShown: number
}

/** What a packer says who says nothing. */
export const noWords: PackerWords = { case: undefined, packed: undefined, asked: undefined, eventsNotShown: 0 }

/** Reads the labels; one of another form is a fault. */
export function readWords(info: ReadonlyMap<string, string>): {
  readonly words: PackerWords
  readonly faults: readonly Finding[]
} {
  const faults: Finding[] = []
  const value = <T>(label: string, read: (text: string) => T | undefined): T | undefined => {
    const text = info.get(label)
    const found = text === undefined ? undefined : read(text)
    if (text !== undefined && found === undefined) {
      const message = `The label ${label} in bag-info.txt has no such value.`
      faults.push({ code: 'package-malformed', message, where: names.info })
    }
    return found
  }
  const words = {
    case: info.get(labels.case),
    packed: value(labels.packed, dayOf),
    asked: value(labels.asked, askedOf),
    eventsNotShown: value(labels.notShown, (text) => (/^[1-9][0-9]{0,8}$/.test(text) ? Number(text) : undefined)) ?? 0,
  }
  return { words, faults }
}

/** A day of the calendar, from 1970 to 9999. */
function dayOf(text: string): string | undefined {
  if (!/^(?:19[7-9]|[2-9][0-9]{2})[0-9]-[0-9]{2}-[0-9]{2}$/.test(text)) return undefined
  return tryTime(`${text}T00:00:00.000Z`) === undefined ? undefined : text
}

function askedOf(text: string): { readonly origin: string; readonly size: number } | undefined {
  const [, origin, size] = /^([^ ]+) (0|[1-9][0-9]{0,14})$/.exec(text) ?? []
  return origin === undefined || !isOrigin(origin) ? undefined : { origin, size: Number(size) }
}

/** VERIFY.md is the text of this version, to the byte: who follows other commands follows the packer's. */
export function guideFaults(bytes: Uint8Array | undefined): Finding[] {
  if (bytes !== undefined && toHex(sha256(bytes)) === verifyGuideSha256) return []
  const what = bytes === undefined ? 'is not there' : 'is not the text of this version: do not follow it'
  return [{ code: 'package-malformed', message: `${names.guide} in the package ${what}.`, where: names.guide }]
}

const checkedTags: ReadonlySet<string> = new Set([
  names.bagit,
  names.policy,
  names.guide,
  names.withheld,
  ...['sha256', 'sha512'].flatMap((algorithm) => [`manifest-${algorithm}.txt`, `tagmanifest-${algorithm}.txt`]),
])

/** Files outside the payload whose words nobody checks. */
export function uncheckedFiles(paths: Iterable<string>): string[] {
  return [...paths].filter((path) => !path.startsWith('data/') && !checkedTags.has(path))
}
