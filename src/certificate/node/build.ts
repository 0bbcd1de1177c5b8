import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fileBounds, readBounded, readBoundedText } from '../../node/bounded-file.ts'
import { fontBytes } from './fonts.ts'

/** What decides how a certificate looks, of ours. */
const modules = [
  './write',
  './layout',
  './fonts',
  '../content',
  '../model',
  '../attachments',
  '../../words/certificate',
  '../../words/en/certificate',
  '../../words/zh/certificate',
  '../../core/text',
]
/** And of others; each within what brings it. */
const packages = [['pdfkit'], ['pdfkit', 'fontkit'], ['subset-font'], ['subset-font', 'harfbuzzjs'], ['pako'], ['qr']]

let known: string | undefined

/**
 * The SHA-256, in hex, of all that decides how a certificate looks: our modules, the font, the versions of the packages. Two programs of
 * one build write the same bytes for the same fields; of another build nothing is said. Throws `file-unreadable`.
 */
export function writerBuild(): string {
  if (known !== undefined) return known
  const hash = createHash('sha256')
  // Sources in a test, built files elsewhere.
  const ending = extname(import.meta.filename)
  for (const name of modules) {
    const path = fileURLToPath(new URL(name + ending, import.meta.url))
    hash.update(`${name}\n`).update(readBounded(path, fileBounds.small))
  }
  for (const path of packages) hash.update(`${path.at(-1)} ${versionOf(path)}\n`)
  return (known = hash.update(fontBytes()).digest('hex'))
}

function versionOf(path: readonly string[]): string {
  let from = fileURLToPath(import.meta.url)
  for (const name of path) from = manifestOf(name, createRequire(from).resolve(name))
  return (JSON.parse(readBoundedText(from, fileBounds.small)) as { version: string }).version
}

/** The package.json of a package, from one of its files on upward. */
function manifestOf(name: string, file: string): string {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const path = join(folder, 'package.json')
    if (existsSync(path) && (JSON.parse(readBoundedText(path, fileBounds.small)) as { name?: string }).name === name)
      return path
    if (folder === dirname(folder)) throw new Error(`${name} has no package.json`)
  }
}
