import { valueOr } from '../core/attempt.ts'
import { fromUtf8, latin1, utf8 } from '../core/bytes.ts'
import { EvidenceError } from '../core/errors.ts'
import { bagPathFault } from './bag-path.ts'

/*
 * The texts of a bag (docs/spec/18-package.md, "Texts of the bag"): what our own writer writes, and nothing else. RFC 8493 allows
 * more; two readers that each take some of that would read one package in two ways.
 */

/** What `bagit.txt` is, to the byte (RFC 8493, 2.1.1). */
export const bagitText = 'BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n'
/** Version of the layout, in `bag-info.txt`. */
export const packageVersion = '1'

function bad(what: string, why: string): EvidenceError {
  return new EvidenceError('package-malformed', `${what} in the package ${why}`, { where: what })
}

/** Judges `bagit.txt`. Throws `package-malformed`, and `not-judged` for another version of BagIt. */
export function requireBagit(bytes: Uint8Array): void {
  const text = latin1(bytes)
  if (text === bagitText) return
  const [, version] = /^BagIt-Version: ((?:0|[1-9][0-9]{0,3})\.(?:0|[1-9][0-9]{0,3}))\n/.exec(text) ?? []
  if (version !== undefined && version !== '1.0') {
    throw new EvidenceError('not-judged', `the package is a bag of BagIt ${version}: this version checks 1.0`, {
      where: 'bagit.txt',
    })
  }
  throw bad('bagit.txt', 'is not that of BagIt 1.0 in UTF-8')
}

/** The lines of a text: at least one, each ended by a line feed. Throws `package-malformed`. */
function linesOf(bytes: Uint8Array, name: string): string[] {
  const text = valueOr(() => fromUtf8(bytes, name), undefined)
  if (text === undefined) throw bad(name, 'is not UTF-8')
  if (!text.endsWith('\n')) throw bad(name, 'is empty, or does not end in a line feed')
  return text.slice(0, -1).split('\n')
}

/** A label, a colon, a space, and a value without a space at its ends. */
const infoLine = /^([A-Za-z][A-Za-z0-9-]{0,63}): ((?! )[^\p{Cc}\p{Zl}\p{Zp}]+(?<! ))$/u

/** Labels of `bag-info.txt` that mean something here. */
export const labels = {
  version: 'Evidence-Package-Version',
  case: 'External-Identifier',
  packed: 'Bagging-Date',
  asked: 'Evidence-Later-Events',
  notShown: 'Evidence-Events-Not-Shown',
  oxum: 'Payload-Oxum',
} as const
const spelled = new Map(Object.values(labels).map((label) => [label.toLowerCase(), label as string]))

/** Labels of `bag-info.txt` with their values. Throws `package-malformed`. */
export function parseBagInfo(bytes: Uint8Array): Map<string, string> {
  const values = new Map<string, string>()
  const seen = new Set<string>()
  for (const line of linesOf(bytes, 'bag-info.txt')) {
    const [, label, value] = infoLine.exec(line) ?? []
    if (label === undefined || value === undefined) throw bad('bag-info.txt', 'has a line that is not "Label: value"')
    const folded = label.toLowerCase()
    if (seen.has(folded)) throw bad('bag-info.txt', `has the label ${label} twice`)
    seen.add(folded)
    const known = spelled.get(folded) ?? label
    if (label !== known) throw bad('bag-info.txt', `has the label ${label}, which is spelled ${known}`)
    values.set(label, value)
  }
  return values
}

/** `Payload-Oxum`: bytes and files of the payload. */
export function oxum(files: readonly { readonly size: number }[]): string {
  return `${files.reduce((sum, { size }) => sum + size, 0)}.${files.length}`
}

/** A list of files, of the payload, the tags or what is withheld: hex by path. Throws `package-malformed`, `package-path`. */
export function parseBagList(bytes: Uint8Array, name: string, hexLength: number): Map<string, string> {
  const digests = new Map<string, string>()
  const pattern = new RegExp(`^([0-9a-f]{${hexLength}}) {2}([^\\p{Cc}\\p{Zl}\\p{Zp}]+)$`, 'u')
  for (const line of linesOf(bytes, name)) {
    const [, hex, path] = pattern.exec(line) ?? []
    if (hex === undefined || path === undefined)
      throw bad(name, 'has a line that is not a digest in lower case, two spaces and a path')
    const fault = bagPathFault(path)
    if (fault !== undefined) {
      const shown = JSON.stringify(path.slice(0, 200))
      throw new EvidenceError('package-path', `the path ${shown} in ${name} ${fault}`, { where: name })
    }
    if (digests.has(path)) throw bad(name, `lists ${path} twice`)
    digests.set(path, hex)
  }
  return digests
}

/** Writes a list, sorted by path. */
export function encodeBagList(digests: ReadonlyMap<string, string>): Uint8Array {
  const sorted = [...digests].sort(([a], [b]) => (a < b ? -1 : 1))
  return utf8(sorted.map(([path, hex]) => `${hex}  ${path}\n`).join(''))
}
