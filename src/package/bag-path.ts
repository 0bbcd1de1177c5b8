import { utf8Length } from '../core/bytes.ts'
import { EvidenceError } from '../core/errors.ts'
import { maxComponentBytes, maxPathBytes } from './limits.ts'

/** Names that some systems take for devices, whatever follows their first dot; white space before it does not count. */
const reserved =
  /^(?:con|prn|aux|nul|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3])[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\ufeff]*(?:\.|$)/i

function componentFault(component: string): string | undefined {
  if (component === '') return 'has an empty component'
  if (component === '.' || component === '..') return `has the component "${component}"`
  if (utf8Length(component) > maxComponentBytes) return `has a component of more than ${maxComponentBytes} bytes`
  if (/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u.test(component)) return 'holds a control character'
  const [odd] = /["*:<>?\\|%]/.exec(component) ?? []
  if (odd !== undefined) return `holds the character ${odd}`
  if (/[ .]$/.test(component)) return 'has a component that ends in a space or a dot'
  // A program that reads a name which is not UTF-8 has this in the place of what it could not read.
  if (component.includes('\ufffd')) return 'holds U+FFFD'
  if (reserved.test(component)) return 'has a component that names a device'
  return undefined
}

/** Why a path may not stand in a package (docs/spec/18-package.md), or undefined. */
export function bagPathFault(path: string): string | undefined {
  if (path === '') return 'is empty'
  if (utf8Length(path) > maxPathBytes) return `has more than ${maxPathBytes} bytes`
  for (const component of path.split('/')) {
    const fault = componentFault(component)
    if (fault !== undefined) return fault
  }
  return undefined
}

/** Characters whose full case folding is not what their upper case gives in lower case. */
const foldedOtherwise: Readonly<Record<string, string>> = { ı: 'ı', ẞ: 'ss' }

/** Full case folding of Unicode, which JavaScript does not offer. A character at a time: a final sigma is no other one. */
function caseFolded(text: string): string {
  return Array.from(text, (one) => foldedOtherwise[one] ?? one.toUpperCase().toLowerCase()).join('')
}

/** A path as others' disks may see it: without regard to case or to how a character is composed (docs/spec/18-package.md). */
export function foldedPath(path: string): string {
  return caseFolded(caseFolded(path.normalize('NFKC')).normalize('NFKC'))
}

/**
 * True for a path with a character that Unicode gained after the version of this build: {@link foldedPath} does not know what it is
 * equal to. A noncharacter is none, in every version.
 */
export function hasUnknownCharacter(path: string): boolean {
  return /(?!\p{Noncharacter_Code_Point})\p{Cn}/u.test(path)
}

function foldersOf(path: string): string[] {
  const above: string[] = []
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) above.push(path.slice(0, at))
  return above
}

/** The paths of one package: each allowed, no two the same on any disk, none a folder of another. */
export class BagPaths {
  private readonly files = new Set<string>()
  private readonly folders = new Set<string>()

  /** Why a further path cannot be taken, or undefined and it is. */
  add(path: string): string | undefined {
    const fault = bagPathFault(path)
    if (fault !== undefined) return fault
    const folded = foldedPath(path)
    if (this.files.has(folded)) return 'comes twice, on a disk that does not tell case or composition'
    if (this.folders.has(folded)) return 'is a folder of another path'
    const above = foldersOf(folded)
    if (above.some((folder) => this.files.has(folder))) return 'lies below another file'
    this.files.add(folded)
    for (const folder of above) this.folders.add(folder)
    return undefined
  }

  /** Takes the path of a folder that has an entry of its own: it may come again, and may not be a file's. */
  private addFolder(path: string): string | undefined {
    const fault = bagPathFault(path)
    if (fault !== undefined) return fault
    const folders = [foldedPath(path), ...foldersOf(foldedPath(path))]
    if (folders.some((folder) => this.files.has(folder))) return 'is a file as well, or lies below one'
    for (const folder of folders) this.folders.add(folder)
    return undefined
  }

  /** Takes a file, or a folder that stands by itself, for a reader. Throws `package-path`. */
  require(path: string, kind: 'file' | 'folder' = 'file'): void {
    const fault = kind === 'file' ? this.add(path) : this.addFolder(path)
    if (fault !== undefined) {
      const name = JSON.stringify(path.slice(0, 200))
      throw new EvidenceError('package-path', `the path ${name} in the package ${fault}`, { where: path.slice(0, 200) })
    }
  }
}
