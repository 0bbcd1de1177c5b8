import { equalBytes, utf8 } from '../core/index.ts'
import type { Finding } from '../verify/index.ts'
import { bagInfoValue } from './bag-tags.ts'
import { names } from './layout.ts'
import { verifyGuide } from './verify-guide.ts'

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

/** Labels of bag-info.txt (docs/spec/18-package.md). */
export const labels = {
  version: 'Evidence-Package-Version',
  case: 'External-Identifier',
  packed: 'Bagging-Date',
  asked: 'Evidence-Later-Events',
  notShown: 'Evidence-Events-Not-Shown',
  oxum: 'Payload-Oxum',
} as const

/** Reads the labels; one of another form is a fault. Throws `package-malformed` where one stands twice. */
export function readWords(info: ReadonlyMap<string, readonly string[]>): {
  readonly words: PackerWords
  readonly faults: readonly Finding[]
} {
  const faults: Finding[] = []
  const value = (label: string, pattern: RegExp): RegExpExecArray | undefined => {
    const text = bagInfoValue(info, label)
    const match = text === undefined ? undefined : pattern.exec(text)
    if (match === null)
      faults.push({
        code: 'package-malformed',
        message: `The label ${label} in bag-info.txt has no such value.`,
        where: names.info,
      })
    return match ?? undefined
  }
  const [, origin, size] = value(labels.asked, /^([^ ]{1,255}) (0|[1-9][0-9]{0,14})$/) ?? []
  const [packed] = value(labels.packed, /^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])$/) ?? []
  const [count] = value(labels.notShown, /^(?:0|[1-9][0-9]{0,8})$/) ?? []
  const words = {
    case: bagInfoValue(info, labels.case),
    packed,
    asked: origin === undefined ? undefined : { origin, size: Number(size) },
    eventsNotShown: Number(count ?? 0),
  }
  return { words, faults }
}

/** VERIFY.md is the text of this version, to the byte: who follows other commands follows the packer's. */
export function guideFaults(bytes: Uint8Array | undefined): Finding[] {
  if (bytes !== undefined && equalBytes(bytes, utf8(verifyGuide))) return []
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
