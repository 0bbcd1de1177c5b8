import { EvidenceError, fromUtf8, latin1, utf8 } from '../core/index.ts'
import { bagPathFault } from './bag-path.ts'

/** What `bagit.txt` of a bag of ours is, to the byte (RFC 8493, 2.1.1). */
export const bagitText = 'BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n'
/** Version of the layout, in `bag-info.txt`. */
export const packageVersion = '1'

function bad(what: string, why: string): EvidenceError {
  return new EvidenceError('package-malformed', `${what} in the package ${why}`, { where: what })
}

/** Judges `bagit.txt`. Throws `package-malformed`, and `not-judged` for a later version of BagIt. */
export function requireBagit(bytes: Uint8Array): void {
  const text = latin1(bytes)
  if (text.replaceAll('\r\n', '\n') === bagitText) return
  const [, version] = /^BagIt-Version: ([0-9]{1,4}\.[0-9]{1,4})\r?\n/.exec(text) ?? []
  if (version !== undefined && version !== '1.0') {
    throw new EvidenceError('not-judged', `the package is a bag of BagIt ${version}: this version checks 1.0`, {
      where: 'bagit.txt',
    })
  }
  throw bad('bagit.txt', 'is not that of BagIt 1.0 in UTF-8')
}

/** Labels of `bag-info.txt` with their values; a line that begins with white space goes on. Throws `package-malformed`. */
export function parseBagInfo(bytes: Uint8Array): Map<string, string[]> {
  const values = new Map<string, string[]>()
  let last: string[] | undefined
  for (const line of linesOf(bytes, 'bag-info.txt')) {
    const more = /^[ \t]+(.*)$/s.exec(line)
    if (more !== null && last !== undefined) {
      last.push(`${last.pop() ?? ''} ${more[1] ?? ''}`)
      continue
    }
    const [, label, value] = /^([^:\s][^:]{0,199}):[ \t]*(.*)$/s.exec(line) ?? []
    if (label === undefined || value === undefined) throw bad('bag-info.txt', 'has a line that is not "Label: value"')
    last = values.get(label) ?? []
    last.push(value)
    values.set(label, last)
  }
  return values
}

/** The one value of a label, or undefined. Throws `package-malformed` where there are more. */
export function bagInfoValue(info: ReadonlyMap<string, readonly string[]>, label: string): string | undefined {
  const values = info.get(label)
  if (values !== undefined && values.length > 1) throw bad('bag-info.txt', `has the label ${label} twice`)
  return values?.[0]
}

/** `Payload-Oxum`: bytes and files of the payload. */
export function oxum(files: readonly { readonly size: number }[]): string {
  return `${files.reduce((sum, { size }) => sum + size, 0)}.${files.length}`
}

/** A manifest of a bag: lower-case hex by path. Throws `package-malformed`. */
export function parseBagManifest(bytes: Uint8Array, name: string, hexLength: number): Map<string, string> {
  const digests = new Map<string, string>()
  const pattern = new RegExp(`^([0-9a-fA-F]{${hexLength}})[ \\t]+\\*?(.+)$`, 's')
  for (const line of linesOf(bytes, name)) {
    const [, hex, path] = pattern.exec(line) ?? []
    if (hex === undefined || path === undefined) throw bad(name, 'has a line that is no digest and path')
    const fault = bagPathFault(path)
    if (fault !== undefined) {
      const shown = JSON.stringify(path.slice(0, 200))
      throw new EvidenceError('package-path', `the path ${shown} in ${name} ${fault}`, { where: name })
    }
    if (digests.has(path)) throw bad(name, `lists ${path} twice`)
    digests.set(path, hex.toLowerCase())
  }
  return digests
}

/** Writes a manifest, sorted by path. */
export function encodeBagManifest(digests: ReadonlyMap<string, string>): Uint8Array {
  const sorted = [...digests].sort(([a], [b]) => (a < b ? -1 : 1))
  return utf8(sorted.map(([path, hex]) => `${hex}  ${path}\n`).join(''))
}

/** Lines of a tag file, ended as RFC 8493 allows; the last may lack its end. */
function linesOf(bytes: Uint8Array, name: string): string[] {
  const text = fromUtf8(bytes, name)
  const lines = text.split(/\r\n|\n|\r/)
  if (lines[lines.length - 1] === '') lines.pop()
  return lines
}
