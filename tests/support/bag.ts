import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const hex = (algorithm: string, text: string | Buffer): string => createHash(algorithm).update(text).digest('hex')

/** A bag's files, from its payload and own tag files; manifests are made for it. */
export function bagFiles(
  files: Readonly<Record<string, string | Buffer>>,
  algorithms: readonly string[] = ['sha256'],
): Record<string, string | Buffer> {
  const all: Record<string, string | Buffer> = {
    'bagit.txt': 'BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n',
    'bag-info.txt': 'Evidence-Package-Version: 1\n',
    ...files,
  }
  for (const algorithm of algorithms) {
    const lines = Object.entries(all).filter(([path]) => path.startsWith('data/'))
    all[`manifest-${algorithm}.txt`] = lines.map(([path, text]) => `${hex(algorithm, text)}  ${path}\n`).join('')
  }
  for (const algorithm of algorithms) {
    const lines = Object.entries(all).filter(([path]) => !path.startsWith('data/') && !path.startsWith('tagmanifest-'))
    all[`tagmanifest-${algorithm}.txt`] = lines.map(([path, text]) => `${hex(algorithm, text)}  ${path}\n`).join('')
  }
  return all
}

/** Writes files below a folder. */
export function writeFiles(folder: string, files: Readonly<Record<string, string | Buffer>>): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}

/** Files of a bag by their paths. */
export type Files = Record<string, string | Buffer>

/** Writes the bag of a package again, to another folder, with files changed and every list of the bag made to fit: a forger's work. */
export function forgeBag(from: string, to: string, change: (files: Files) => unknown): string {
  const files: Files = {}
  for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
    const whole = join(entry.parentPath, entry.name)
    const name = whole.slice(from.length + 1)
    if (entry.isFile() && !/^(?:tag)?manifest-/.test(name)) files[name] = readFileSync(whole)
  }
  files['bag-info.txt'] = String(files['bag-info.txt']).replace(/^Payload-Oxum:.*\n/m, '')
  change(files)
  return writeFiles(to, bagFiles(files))
}
